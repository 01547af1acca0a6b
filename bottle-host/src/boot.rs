//! The boot frame: over pipes that only the sidecar inherits, the only way that secrets take.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use bottle_backend::{BoxError, LaunchError};
use bottle_wire::boot::{Boot, BootAnswer};
use bottle_wire::frame;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::{Receiver, Sender};

use crate::keeper::complaint;

/// The most time until every door listens.
const LIMIT: Duration = Duration::from_secs(60);

/// This side of a sidecar's standard streams.
#[derive(Debug)]
pub struct BootStreams {
    to: Sender,
    from: Receiver,
}

impl BootStreams {
    /// Makes both sides; the sidecar's are its standard input and output.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open() -> io::Result<(Self, Vec<OwnedFd>)> {
        let (input, to) = io::pipe()?;
        let (from, output) = io::pipe()?;
        let ours = Self {
            to: Sender::from_owned_fd(to.into())?,
            from: Receiver::from_owned_fd(from.into())?,
        };
        Ok((ours, vec![input.into(), output.into()]))
    }

    /// Feeds the sidecar and waits until its doors listen.
    ///
    /// # Errors
    ///
    /// What the sidecar says, or nothing in time.
    pub async fn boot(mut self, boot: &Boot, log: &Path) -> Result<(), LaunchError> {
        let exchange = async {
            let bytes = frame::encode(boot).map_err(|error| step(error.into()))?;
            // A sidecar that ends without reading says why in its answer, or in the log.
            let _broken = self.to.write_all(&bytes).await;
            match frame::read(&mut self.from).await {
                Ok(BootAnswer::Ready { .. }) => Ok(()),
                Ok(BootAnswer::Failed { part, reason }) => Err(LaunchError::Sidecar { part, reason }),
                Err(error) => Err(LaunchError::Sidecar {
                    part: "init".to_owned(),
                    reason: format!("{error}; it said: {}", complaint(log)),
                }),
            }
        };
        let late = |_| step(format!("it did not answer within {LIMIT:?}").into());
        tokio::time::timeout(LIMIT, exchange).await.map_err(late)?
    }
}

fn step(source: BoxError) -> LaunchError {
    LaunchError::Step {
        step: "boot the sidecar",
        source,
    }
}
