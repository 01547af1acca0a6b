//! The engine: one connection to its local socket.

mod frames;
mod raw;

pub(crate) use frames::{Frames, Stream};
pub(crate) use raw::{Body, RawClient, RawError, Upgraded};

use std::path::Path;
use std::sync::Arc;

use bollard::{API_DEFAULT_VERSION, Docker};

use crate::image::Making;

/// Seconds until the head of an answer must be there. Streams have limits of their own.
const ANSWER_SECONDS: u64 = 120;

/// A container engine.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    pub(crate) raw: RawClient,
    pub(crate) making: Arc<Making>,
}

impl Engine {
    /// Connects and agrees on a version of the interface.
    pub(crate) async fn connect(socket: &Path) -> Result<Self, bollard::errors::Error> {
        let path = socket.to_string_lossy();
        let docker = Docker::connect_with_unix(&path, ANSWER_SECONDS, API_DEFAULT_VERSION)?;
        Ok(Self {
            docker: docker.negotiate_version().await?,
            raw: RawClient::new(socket),
            making: Arc::default(),
        })
    }
}

/// Takes "there is no such thing" as an answer.
pub(crate) fn unless_missing<T>(
    result: Result<T, bollard::errors::Error>,
) -> Result<Option<T>, bollard::errors::Error> {
    match result {
        Err(error) if status(&error) == Some(404) => Ok(None),
        other => other.map(Some),
    }
}

/// Returns the status that the engine refused with.
pub(crate) fn status(error: &bollard::errors::Error) -> Option<u16> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Says what the engine would not do.
pub(crate) fn refused(action: &str, error: bollard::errors::Error) -> bottle_backend::EngineError {
    bottle_backend::EngineError::Refused {
        action: action.to_owned(),
        source: error.into(),
    }
}
