//! How a command ends: what is printed about a failure, and the exit status.

use std::error::Error;
use std::process::ExitCode;

use bottle_cli::exit::Exit;
use bottle_util::untrusted;

use crate::output::say;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: Text,
    hint: Option<String>,
}

#[derive(Debug)]
enum Text {
    /// Errors with their causes; shown escaped.
    Message(String),
    /// Diagnostics that are rendered already.
    Rendered(String),
    /// Everything was said.
    Silent,
}

impl Failure {
    /// Makes a failure from an error and all its causes.
    pub(crate) fn new(exit: Exit, error: &dyn Error) -> Self {
        Self {
            exit,
            what: Text::Message(chain(error)),
            hint: None,
        }
    }

    /// Makes a failure from words.
    pub(crate) fn words(exit: Exit, words: impl Into<String>) -> Self {
        Self {
            exit,
            what: Text::Message(words.into()),
            hint: None,
        }
    }

    /// Makes a failure that was rendered with source lines.
    pub(crate) fn rendered(exit: Exit, text: String) -> Self {
        Self {
            exit,
            what: Text::Rendered(text),
            hint: None,
        }
    }

    /// Makes the failure of a user who said no.
    pub(crate) fn declined() -> Self {
        Self::words(Exit::Refused, "you said no; nothing was done")
    }

    /// Makes the failure of a user who interrupted.
    pub(crate) fn interrupted() -> Self {
        Self {
            exit: Exit::Interrupted,
            what: Text::Silent,
            hint: None,
        }
    }

    /// Makes a failure that nobody foresaw.
    pub(crate) fn internal(error: impl Error) -> Self {
        Self::new(Exit::Internal, &error)
    }

    /// Adds what the user can do.
    pub(crate) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into().or(self.hint);
        self
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Io, &error)
    }
}

impl From<bottle_cli::state::StateError> for Failure {
    fn from(error: bottle_cli::state::StateError) -> Self {
        Self::new(Exit::CannotCreate, &error)
    }
}

impl From<bottle_backend::EngineError> for Failure {
    fn from(error: bottle_backend::EngineError) -> Self {
        let exit = match error {
            bottle_backend::EngineError::NotRunning(_) => Exit::Usage,
            _ => Exit::Unavailable,
        };
        Self::new(exit, &error)
            .hint("`bottle list` shows what is there, `bottle doctor` what is wrong".to_owned())
    }
}

impl From<bottle_cli::StopError> for Failure {
    fn from(error: bottle_cli::StopError) -> Self {
        match error {
            bottle_cli::StopError::Engine(error) => error.into(),
            bottle_cli::StopError::State(error) => error.into(),
        }
    }
}

impl From<bottle_backend::ExecError> for Failure {
    fn from(error: bottle_backend::ExecError) -> Self {
        Self::new(Exit::Unavailable, &error)
    }
}

/// Prints how a command ended and returns its exit status.
pub(crate) fn end(result: Result<u8, Failure>) -> ExitCode {
    let failure = match result {
        Ok(status) => return ExitCode::from(status),
        Err(failure) => failure,
    };
    match &failure.what {
        Text::Message(text) => say!("bottle: {}", untrusted::text(text)),
        Text::Rendered(text) => say!("{text}"),
        Text::Silent => {}
    }
    if let Some(hint) = &failure.hint {
        say!("  hint: {}", untrusted::text(hint));
    }
    ExitCode::from(failure.exit as u8)
}

/// Prints what clap has to say; help and versions are no failures.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.use_stderr() {
        true => ExitCode::from(Exit::Usage as u8),
        false => ExitCode::SUCCESS,
    }
}

/// Joins an error and its causes, leaving out a cause that its parent already quotes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}
