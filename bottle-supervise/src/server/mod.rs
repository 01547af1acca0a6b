//! The MCP server on the supervise door.
//!
//! It is strict and bounded, keeps nothing, and decides nothing: whatever it is asked goes to a [`Desk`].

mod answer;
mod arguments;
mod handler;
pub(crate) mod http;
pub(crate) mod legacy;
mod tools;

pub use http::serve;

use async_trait::async_trait;
use bottle_wire::supervise::{AskAnswer, AskRequest};
use tokio::sync::watch;

/// The name that the server goes by.
pub const NAME: &str = "bot-bottle-supervise";

/// Whoever keeps the questions.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// Answers one request, at once.
    async fn ask(&self, request: AskRequest) -> AskAnswer;

    /// Tells, by a change of the number, that some question stands otherwise than before; once the channel is closed,
    /// nobody waits any more.
    fn decided(&self) -> watch::Receiver<u64>;

    /// Returns milliseconds since 1970.
    fn now(&self) -> u64;
}

/// Every bound of the server.
pub mod limits {
    use std::time::Duration;

    /// The most connections at a time; further ones wait.
    pub const CONNECTIONS: usize = 32;
    /// How long a call waits for a human before it answers that the question is open.
    pub const ANSWER_TIME: Duration = Duration::from_secs(30);
    /// How long a whole request may take, its body and the wait included.
    pub const REQUEST_TIME: Duration = Duration::from_secs(60);
    /// How long the head of the next request may take.
    pub const HEAD_TIME: Duration = Duration::from_secs(60);
    /// The most bytes of a request's head.
    pub const HEAD_BYTES: usize = 16 << 10;
    /// The most field lines of a request.
    pub const FIELDS: usize = 64;
    /// The most bytes of a request's body.
    pub const BODY_BYTES: usize = 64 << 10;
    /// The most streams of the first transport at a time.
    pub const STREAMS: usize = 8;
    /// The most calls of one stream that are being answered.
    pub const STREAM_CALLS: usize = 16;
    /// How long a stream is silent before it says that it is there.
    pub const PULSE_TIME: Duration = Duration::from_secs(60);
    /// How soon after a failed accept the next one is tried.
    pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
}
