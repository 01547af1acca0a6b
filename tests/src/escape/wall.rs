//! What holds an agent back.

use crate::harness::SOMEBODY;

/// A backend, and who runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// Containers of an engine's.
    Docker,
    /// Namespaces, made by whoever runs the tests.
    Native,
    /// Namespaces, made by an ordinary user: the agent and that user are one for the kernel.
    Ordinary,
    /// Machines of their own, of which an ordinary user's program runs one each.
    Machine,
}

impl Wall {
    /// The name of the backend, as the command takes it.
    #[must_use]
    pub fn backend(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Native | Self::Ordinary => "native",
            Self::Machine => "smol",
        }
    }

    /// Who runs the command, where it is not whoever runs the tests.
    pub(super) fn user(self) -> Option<u32> {
        matches!(self, Self::Ordinary | Self::Machine).then_some(SOMEBODY)
    }

    /// Whether the agent, and what looks after its commands, are one user for the kernel.
    pub(super) fn shares_a_user(self) -> bool {
        match self {
            Self::Docker | Self::Machine => false,
            Self::Native => !rustix::process::geteuid().is_root(),
            Self::Ordinary => true,
        }
    }

    /// Whether a command takes seconds to begin.
    pub(super) fn is_slow(self) -> bool {
        self == Self::Machine
    }

    /// The relay's program, where the guest sees it.
    pub(super) fn relay(self) -> &'static str {
        match self {
            Self::Docker => "/doors/relay",
            Self::Native | Self::Ordinary => "/run/bottle/relay",
            Self::Machine => "/opt/bottle/relay",
        }
    }

    /// Something that is mounted in the guest and can only be read.
    pub(super) fn mount(self) -> &'static str {
        match self {
            Self::Docker => "/doors",
            Self::Native | Self::Ordinary => "/usr",
            Self::Machine => "/opt/bottle",
        }
    }
}
