//! Questions to a sidecar, over its own socket in a folder that no guest sees.

use std::os::unix::net::UnixStream;
use std::time::Duration;

use bottle_backend::{BoxError, ControlError};
use bottle_guest::through_folder;
use bottle_plan::names::Identity;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::frame;

use crate::{Folder, Guest};

/// The most time that one question may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Tells whether somebody listens.
#[must_use]
pub fn is_there<G: Guest>(folder: &Folder<G>) -> bool {
    connect(folder).is_ok()
}

fn connect<G: Guest>(folder: &Folder<G>) -> std::io::Result<UnixStream> {
    through_folder(&folder.control(), |short| UnixStream::connect(short))
}

/// Asks one thing and returns the answer.
///
/// # Errors
///
/// When nobody answers in time.
pub async fn ask<G: Guest>(
    folder: &Folder<G>,
    identity: &Identity,
    request: &ControlRequest,
) -> Result<ControlAnswer, ControlError> {
    let exchange = async {
        let stream = connect(folder)?;
        stream.set_nonblocking(true)?;
        let mut stream = tokio::net::UnixStream::from_std(stream)?;
        frame::write(&mut stream, request).await?;
        Ok::<_, BoxError>(frame::read(&mut stream).await?)
    };
    match tokio::time::timeout(LIMIT, exchange).await {
        Ok(answered) => answered.map_err(|source| ControlError::Unreachable {
            identity: identity.clone(),
            source,
        }),
        Err(_) => Err(ControlError::TimedOut {
            identity: identity.clone(),
            limit: LIMIT,
        }),
    }
}
