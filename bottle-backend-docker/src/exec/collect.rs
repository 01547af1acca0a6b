//! A program run to its end, with what it prints collected.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWriteExt};

use super::{Exec, create, start, status, wait};
use crate::engine::{Engine, Frames, RawError, Stream};

/// The most bytes that are collected of each stream.
pub(crate) const MOST_OUTPUT: usize = 8 << 20;
/// How often a program's end is looked for while its streams are open, and how long they must be quiet then.
const LOOK: Duration = Duration::from_millis(500);

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
///
/// A child that stays keeps the streams open after the program's end; once they are quiet they are left to it.
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
    let mut printed = Printed::default();
    let pieces = AtomicUsize::new(0);
    let status = tokio::select! {
        read = printed.read(output, &pieces) => {
            read?;
            wait(engine, &id).await?
        }
        status = ended_and_quiet(engine, &id, &pieces) => status?,
        never = feed => match never {},
    };
    let Printed { stdout, stderr } = printed;
    Ok(Collected {
        status,
        stdout,
        stderr,
    })
}

/// Waits for the program's end and for what is still on its way then.
async fn ended_and_quiet(engine: &Engine, id: &str, pieces: &AtomicUsize) -> Result<i32, RawError> {
    let status = loop {
        tokio::time::sleep(LOOK).await;
        if let Some(status) = status(engine, id).await? {
            break status;
        }
    };
    loop {
        let before = pieces.load(Ordering::Relaxed);
        tokio::time::sleep(LOOK).await;
        if pieces.load(Ordering::Relaxed) == before {
            return Ok(status);
        }
    }
}

#[derive(Default)]
struct Printed {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Printed {
    async fn read(
        &mut self,
        output: impl AsyncRead + Unpin,
        pieces: &AtomicUsize,
    ) -> Result<(), CollectError> {
        let mut piece = Vec::new();
        let mut frames = Frames::new(output);
        while let Some(stream) = frames.next(&mut piece).await? {
            let whole = match stream {
                Stream::Stdout => &mut self.stdout,
                Stream::Stderr => &mut self.stderr,
            };
            if whole.len() + piece.len() > MOST_OUTPUT {
                return Err(CollectError::TooMuch);
            }
            whole.extend_from_slice(&piece);
            pieces.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
