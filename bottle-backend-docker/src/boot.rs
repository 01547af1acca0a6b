//! The boot frame: over the sidecar's standard input, the only way that secrets take.

use std::time::Duration;

use bottle_backend::{BoxError, LaunchError};
use bottle_wire::boot::{Boot, BootAnswer};
use bottle_wire::frame;
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream};

use crate::engine::{Body, Engine, Frames, RawError, Stream, Upgraded};

/// The most time until every door listens.
const LIMIT: Duration = Duration::from_secs(60);
/// The most bytes of a sidecar's complaints that are kept.
const MOST_COMPLAINTS: usize = 8 << 10;

/// Takes hold of a container's streams. It must be done before the container is started.
pub(crate) async fn attach(engine: &Engine, container: &str) -> Result<Upgraded, RawError> {
    let path = format!("/containers/{container}/attach?stream=1&stdin=1&stdout=1&stderr=1");
    engine.raw.hijack(&path, "tcp", &[], Body::Empty).await
}

/// Feeds a started sidecar and waits until its doors listen. The streams are let go of afterwards.
pub(crate) async fn boot(stream: Upgraded, boot: &Boot) -> Result<(), LaunchError> {
    let exchange = async {
        let (output, mut input) = tokio::io::split(stream);
        let bytes = frame::encode(boot).map_err(|error| step(error.into()))?;
        let written = async {
            input.write_all(&bytes).await?;
            input.flush().await
        };
        let written = written.await;
        let mut complaints = Vec::new();
        let answer = answer(output, &mut complaints).await;
        match (answer, written) {
            (Ok(BootAnswer::Ready { .. }), _) => Ok(()),
            (Ok(BootAnswer::Failed { part, reason }), _) => Err(LaunchError::Sidecar { part, reason }),
            (Err(error), _) => Err(unanswered(&error, &complaints)),
        }
    };
    let late = |_| step(format!("it did not answer within {LIMIT:?}").into());
    tokio::time::timeout(LIMIT, exchange).await.map_err(late)?
}

async fn answer(
    output: impl AsyncRead + Unpin,
    complaints: &mut Vec<u8>,
) -> Result<BootAnswer, frame::ReadError> {
    let (mut near, far) = tokio::io::duplex(64 << 10);
    let read = frame::read(&mut near);
    let pump = pump(output, far, complaints);
    tokio::pin!(read, pump);
    tokio::select! {
        biased;
        answer = &mut read => answer,
        () = &mut pump => read.await,
    }
}

async fn pump(output: impl AsyncRead + Unpin, mut far: DuplexStream, complaints: &mut Vec<u8>) {
    let mut frames = Frames::new(output);
    let mut piece = Vec::new();
    while let Ok(Some(stream)) = frames.next(&mut piece).await {
        match stream {
            Stream::Stdout => {
                let _ = far.write_all(&piece).await;
            }
            Stream::Stderr => {
                let room = MOST_COMPLAINTS.saturating_sub(complaints.len());
                complaints.extend(piece.iter().take(room));
            }
        }
    }
}

fn unanswered(error: &frame::ReadError, complaints: &[u8]) -> LaunchError {
    let said = String::from_utf8_lossy(complaints);
    let said = said.trim();
    LaunchError::Sidecar {
        part: "init".to_owned(),
        reason: match said.is_empty() {
            true => error.to_string(),
            false => format!("{error}; it said: {}", bottle_util::untrusted::line(said)),
        },
    }
}

fn step(source: BoxError) -> LaunchError {
    LaunchError::Step {
        step: "boot the sidecar",
        source,
    }
}
