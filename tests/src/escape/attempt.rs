//! One way to get out, as data.

/// One way to get out.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// What it would do, for people; no two have the same.
    pub name: &'static str,
    /// The words behind the program of attempts. One in braces stands for something that the test puts on the host.
    pub words: &'static [&'static str],
    /// Where it is shown to work.
    pub twin: Beside,
}

/// Where an attempt is shown to work, as root and without walls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// On the host, with processes, mounts and a name of its own, so that it changes nobody else's.
    Apart,
    /// On the host, among its processes.
    Host,
    /// Nowhere, for this reason.
    Nowhere(&'static str),
}

impl Attempt {
    /// Describes an attempt that is shown to work in a place apart.
    #[must_use]
    pub const fn new(name: &'static str, words: &'static [&'static str]) -> Self {
        Self {
            name,
            words,
            twin: Beside::Apart,
        }
    }

    /// Describes one that aims at a process of the host's.
    #[must_use]
    pub const fn at_host(name: &'static str, words: &'static [&'static str]) -> Self {
        Self {
            name,
            words,
            twin: Beside::Host,
        }
    }

    /// Describes one that cannot be shown to work, for a reason that is said whenever it is made.
    #[must_use]
    pub const fn unshown(name: &'static str, words: &'static [&'static str], reason: &'static str) -> Self {
        Self {
            name,
            words,
            twin: Beside::Nowhere(reason),
        }
    }
}
