//! A command of the guest's whose streams are open.

mod input;
mod passing;

pub use input::ClosedAtShutdown;
pub use passing::pass_on;

use std::pin::Pin;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::ExecError;

/// The streams of a running command, and a hold on the command itself.
pub struct AgentSession {
    /// Its standard input, or its terminal's.
    pub input: Io<dyn AsyncWrite + Send>,
    /// Its standard output, or all that its terminal shows.
    pub output: Io<dyn AsyncRead + Send>,
    /// Its standard error; none on a terminal.
    pub errors: Option<Io<dyn AsyncRead + Send>>,
    /// Size and end.
    pub control: Box<dyn SessionControl>,
}

/// One open stream.
pub type Io<T> = Pin<Box<T>>;

/// A hold on a running command.
#[async_trait]
pub trait SessionControl: Send + Sync {
    /// Tells the command's terminal its new size.
    ///
    /// # Errors
    ///
    /// When the engine does not answer; the command goes on.
    async fn resize(&self, size: TerminalSize) -> Result<(), ExecError>;

    /// Waits until the command has ended and returns its exit status, 128 and the signal's number after a signal.
    ///
    /// # Errors
    ///
    /// When the engine does not know it any more.
    async fn wait(&self) -> Result<i32, ExecError>;
}

/// The size of a terminal, in character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalSize {
    /// Cells in a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}
