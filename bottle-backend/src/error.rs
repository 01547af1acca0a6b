//! Why something did not work on a backend.

use std::path::PathBuf;
use std::time::Duration;

use bottle_plan::names::{Identity, Name};

/// The error of a backend's own machinery.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Says why a backend could not list, open or remove.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine cannot be reached.
    #[error("{backend} cannot be reached")]
    Unreachable {
        /// Which backend.
        backend: String,
        /// What it said.
        #[source]
        source: BoxError,
    },
    /// No such bottle runs there.
    #[error("no bottle named {0} is running")]
    NotRunning(Identity),
    /// The backend has no such thing.
    #[error("the backend {backend} cannot {action}")]
    Unsupported {
        /// Which backend.
        backend: Name,
        /// What was asked of it, as a verb and object.
        action: &'static str,
    },
    /// The engine refused.
    #[error("cannot {action}")]
    Refused {
        /// What was asked of it, as a verb and object.
        action: String,
        /// What it said.
        #[source]
        source: BoxError,
    },
}

/// Says why a bottle could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// Another bottle has the name. It was not touched.
    #[error("the name {0} is taken")]
    NameTaken(Identity),
    /// What the plan asks for cannot be had here.
    #[error("{what} cannot be had here: {reason}")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The image could not be built.
    #[error("cannot build the image: {reason}")]
    Image {
        /// What went wrong.
        reason: String,
        /// The last lines of the build's output, as the builder printed them.
        log: Vec<String>,
    },
    /// A file that the launch needs is not there.
    #[error("{what} is not at {path}")]
    MissingFile {
        /// What it is.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A step failed.
    #[error("failed to {step}")]
    Step {
        /// The step, as a verb and object.
        step: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The sidecar could not open its doors.
    #[error("the sidecar's {part} did not start: {reason}")]
    Sidecar {
        /// Which part.
        part: String,
        /// Why.
        reason: String,
    },
    /// The guest is not shut in as it must be.
    #[error("the guest failed its self-check: {}", findings.join("; "))]
    SelfCheck {
        /// What was found.
        findings: Vec<String>,
    },
    /// The user ended it.
    #[error("cancelled")]
    Cancelled,
}

/// Says why a command could not be run in the guest.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There was nothing to run.
    #[error("an empty command cannot be run")]
    Empty,
    /// It took too long and was ended.
    #[error("{program} did not end within {limit:?}")]
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// It printed more than is collected.
    #[error("{program} printed more than {limit} bytes")]
    TooMuchOutput {
        /// The program.
        program: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The engine refused.
    #[error("cannot run {program} in the guest")]
    Engine {
        /// The program.
        program: String,
        /// What the engine said.
        #[source]
        source: BoxError,
    },
}

/// Says why something could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The host's file cannot be read or written.
    #[error("cannot copy {path} on the host")]
    Host {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A link leaves the folder that is copied.
    #[error("{path} is a link that leaves the folder")]
    LinkLeaves {
        /// The link.
        path: PathBuf,
    },
    /// It is more than is ever copied.
    #[error("more than {most} would be copied, reached at {at}")]
    TooMuch {
        /// Where the bound was reached.
        at: PathBuf,
        /// The bound, for people.
        most: &'static str,
    },
    /// The guest's side failed.
    #[error("cannot copy {path} in the guest")]
    Guest {
        /// The guest's path.
        path: String,
        /// What the engine said.
        #[source]
        source: BoxError,
    },
}

/// Says why a sidecar gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The sidecar cannot be reached.
    #[error("the sidecar of {identity} cannot be reached")]
    Unreachable {
        /// Whose sidecar.
        identity: Identity,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// It did not answer in time.
    #[error("the sidecar of {identity} did not answer within {limit:?}")]
    TimedOut {
        /// Whose sidecar.
        identity: Identity,
        /// The limit.
        limit: Duration,
    },
}

impl LaunchError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::MissingFile { .. } => {
                Some("build it with `cargo xtask dist`, or name its folder with --sidecar-dir".to_owned())
            }
            Self::SelfCheck { .. } => Some("run `bottle doctor`; the bottle was removed".to_owned()),
            _ => None,
        }
    }
}
