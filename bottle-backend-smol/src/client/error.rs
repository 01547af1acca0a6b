//! Why a call gave nothing.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bottle_util::untrusted;
use serde::Deserialize;

use super::Version;

/// Says why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The program is not there.
    #[error("there is no {}", program.display())]
    Missing {
        /// Where it was looked for.
        program: PathBuf,
    },
    /// The program cannot be started, or not be read from.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("smolvm did not {action} within {limit:?}")]
    TimedOut {
        /// What it was asked, as a verb and object.
        action: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// It printed more than is read.
    #[error("smolvm printed more than {limit} bytes when it was asked to {action}")]
    TooMuch {
        /// What it was asked, as a verb and object.
        action: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// It said why not.
    #[error("smolvm cannot {action}: {refused}")]
    Refused {
        /// What it was asked, as a verb and object.
        action: &'static str,
        /// What it said.
        refused: RefusedCall,
    },
    /// It ended with a status and no reason that is known, or answered something else than was asked for.
    #[error("smolvm ended with status {status} when it was asked to {action}, and said {said:?}")]
    Unexpected {
        /// What it was asked, as a verb and object.
        action: &'static str,
        /// Its status.
        status: i32,
        /// The end of what it said, in one line.
        said: String,
    },
    /// It is older than what is known to keep a machine shut in.
    #[error("smolvm {found} is too old: it must be {} or newer", Version::OLDEST)]
    TooOld {
        /// What is installed.
        found: Version,
    },
}

impl CallError {
    /// Returns what kind of refusal it is, if it is one.
    #[must_use]
    pub fn code(&self) -> Option<&Code> {
        match self {
            Self::Refused { refused, .. } => Some(&refused.code),
            _ => None,
        }
    }
}

/// What the program said when it refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RefusedCall {
    /// What kind of refusal it is.
    pub code: Code,
    /// Its own words, in one line.
    pub message: String,
}

/// The kinds of refusal that make a difference here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// There is no such machine.
    NotFound,
    /// What was asked for makes no sense to it; a name that is taken is among that.
    Config,
    /// Any other.
    Other(String),
}

#[derive(Deserialize)]
struct Said {
    error: SaidError,
}

#[derive(Deserialize)]
struct SaidError {
    code: String,
    message: String,
}

impl RefusedCall {
    /// Finds the refusal among the lines of a standard error stream; none when there is none.
    #[must_use]
    pub fn read(stderr: &str) -> Option<Self> {
        let said: Said = stderr
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line.trim()).ok())?;
        Some(Self {
            code: match said.error.code.as_str() {
                "NOT_FOUND" => Code::NotFound,
                "CONFIG_ERROR" => Code::Config,
                other => Code::Other(untrusted::line(other)),
            },
            message: untrusted::line(&words(&said.error.message)),
        })
    }
}

/// Reasons have several lines; here they become one.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
