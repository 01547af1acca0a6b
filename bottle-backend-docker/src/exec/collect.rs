//! A program run to its end, with what it prints collected.

use std::convert::Infallible;
use std::io;

use tokio::io::{AsyncRead, AsyncWriteExt};

use super::{Exec, create, start, wait};
use crate::engine::{Engine, Frames, RawError, Stream};

/// The most bytes that are collected of each stream.
pub(crate) const MOST_OUTPUT: usize = 8 << 20;

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Says why nothing was collected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectError {
    #[error("more than {MOST_OUTPUT} bytes were printed")]
    TooMuch,
    #[error("the stream broke")]
    Stream(#[from] io::Error),
    #[error(transparent)]
    Raw(#[from] RawError),
}

/// Runs a program, feeds it `stdin`, and waits for its end. The caller bounds the time.
pub(crate) async fn run(
    engine: &Engine,
    container: &str,
    exec: &Exec,
    stdin: &[u8],
) -> Result<Collected, CollectError> {
    let id = create(engine, container, exec).await?;
    let stream = start(engine, &id, false).await?;
    let (output, mut input) = tokio::io::split(stream);
    // A program need not read what it is given, and its end does not wait for that.
    let feed = async {
        let _ = input.write_all(stdin).await;
        let _ = input.shutdown().await;
        std::future::pending::<Infallible>().await
    };
    let (stdout, stderr) = tokio::select! {
        output = collect(output) => output?,
        never = feed => match never {},
    };
    let status = wait(engine, &id).await?;
    Ok(Collected {
        status,
        stdout,
        stderr,
    })
}

async fn collect(output: impl AsyncRead + Unpin) -> Result<(Vec<u8>, Vec<u8>), CollectError> {
    let (mut stdout, mut stderr, mut piece) = (Vec::new(), Vec::new(), Vec::new());
    let mut frames = Frames::new(output);
    while let Some(stream) = frames.next(&mut piece).await? {
        let whole = match stream {
            Stream::Stdout => &mut stdout,
            Stream::Stderr => &mut stderr,
        };
        if whole.len() + piece.len() > MOST_OUTPUT {
            return Err(CollectError::TooMuch);
        }
        whole.extend_from_slice(&piece);
    }
    Ok((stdout, stderr))
}
