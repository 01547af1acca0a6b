//! What a trusted program of the host's gives up beside a guest: its sight of others' files, and calls it never makes.
//!
//! A guest's own processes are shut in by what they are started in. A program behind the doors is the host user's own
//! process, so it shuts itself in before it holds a secret.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};

use crate::restrict::Filters;

/// The rights of the newest kernel that this program was tried on; an older one keeps those that it knows.
const KNOWN: ABI = ABI::V6;

/// The only files that a program goes on seeing. What is not there is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Files, and folders with all below, that it reads.
    pub read: Vec<PathBuf>,
    /// Those that it reads and runs.
    pub run: Vec<PathBuf>,
    /// Those that it reads and writes.
    pub write: Vec<PathBuf>,
    /// Whether it may listen on ports.
    pub listens: bool,
}

/// How much of it this kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// All.
    Whole,
    /// Files, and not all of the rest: an older kernel.
    Partly,
    /// Nothing: the kernel has no Landlock, or who runs this program forbids it.
    Not,
}

/// Takes every other file from this thread and those that it starts, and their processes. New privileges must be
/// given up already.
///
/// # Errors
///
/// When the kernel knows how and refuses.
pub fn see_only(sight: &Sight) -> io::Result<Shut> {
    let all = AccessFs::from_all(KNOWN);
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .and_then(|ruleset| ruleset.scope(Scope::from_all(KNOWN)))
        .and_then(|ruleset| match sight.listens {
            true => Ok(ruleset),
            false => ruleset.handle_access(AccessNet::BindTcp),
        });
    let mut ruleset = ruleset.and_then(Ruleset::create).map_err(io::Error::other)?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let kinds = [
        (&sight.read, read),
        (&sight.run, read | AccessFs::Execute),
        (&sight.write, all & !AccessFs::Execute),
    ];
    for (paths, access) in kinds {
        for path in paths {
            let Some(opened) = open(path)? else { continue };
            // A file has no entries, and a rule that speaks of them is refused.
            let access = match path.is_dir() {
                true => access,
                false => access & AccessFs::from_file(KNOWN),
            };
            let rule = PathBeneath::new(opened, access);
            ruleset = ruleset.add_rule(rule).map_err(io::Error::other)?;
        }
    }
    let status = ruleset.restrict_self().map_err(io::Error::other)?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Shut::Whole,
        RulesetStatus::PartiallyEnforced => Shut::Partly,
        RulesetStatus::NotEnforced => Shut::Not,
    })
}

fn open(path: &Path) -> io::Result<Option<PathFd>> {
    if !path.exists() {
        return Ok(None);
    }
    PathFd::new(path).map(Some).map_err(io::Error::other)
}

/// Leaves this thread and those that it starts only what programs of a guest may call.
///
/// # Errors
///
/// What the system says.
pub fn call_as_guests_do() -> io::Result<()> {
    Filters::compile()?.enforce()
}

/// Leaves this thread and those that it starts only what a server needs: no program, no further process, no socket but
/// to a network, no look at other processes and no signal to them.
///
/// # Errors
///
/// What the system says.
pub fn call_as_a_server() -> io::Result<()> {
    Filters::of_a_server()?.enforce()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    /// Gives up what cannot be had back in a thread of its own.
    fn alone<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let alone = std::thread::spawn(|| {
            rustix::thread::set_no_new_privs(true).unwrap();
            work()
        });
        alone.join().unwrap()
    }

    #[test]
    fn a_file_that_is_not_named_is_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["read", "write", "other"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("file"), name).unwrap();
        }
        let (read, write, other) = (at("read"), at("write"), at("other"));
        let sight = Sight {
            read: vec![read.clone(), at("missing")],
            write: vec![write.clone()],
            ..Sight::default()
        };
        alone(move || {
            if see_only(&sight).unwrap() == Shut::Not {
                eprintln!("skipped: this kernel has no Landlock");
                return;
            }
            assert_eq!(fs::read_to_string(read.join("file")).unwrap(), "read");
            assert!(fs::write(read.join("file"), "changed").is_err());
            fs::write(write.join("new"), "written").unwrap();
            assert!(fs::read(other.join("file")).is_err());
            assert!(fs::read_dir(&other).is_err());
            assert!(fs::read("/etc/passwd").is_err());
            assert!(Command::new("/bin/true").status().is_err());
        });
    }

    #[test]
    fn who_does_not_listen_gets_no_port() {
        alone(|| {
            if see_only(&Sight::default()).unwrap() != Shut::Whole {
                eprintln!("skipped: this kernel's Landlock knows no ports");
                return;
            }
            assert!(TcpListener::bind("127.0.0.1:0").is_err());
        });
    }

    #[test]
    fn a_server_starts_nothing_and_connects_to_networks_only() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = tempfile::tempdir().unwrap();
        let path = socket.path().join("s");
        let _there = std::os::unix::net::UnixListener::bind(&path).unwrap();
        alone(move || {
            call_as_a_server().unwrap();
            TcpStream::connect(address).unwrap();
            std::thread::spawn(|| ()).join().unwrap();
            assert!(UnixStream::connect(&path).is_err());
            UnixStream::pair().unwrap();
            assert!(Command::new("/bin/true").status().is_err());
            let parent = rustix::process::getppid().unwrap();
            assert!(rustix::process::test_kill_process(parent).is_err());
        });
    }
}
