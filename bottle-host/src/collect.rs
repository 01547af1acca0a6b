//! A command that is run to its end: fed, read, and ended when it takes too long or prints too much.

use std::time::Duration;

use async_trait::async_trait;
use bottle_backend::{BoxError, ExecCommand, ExecError, ExecOutput};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

/// The most bytes that are collected of each stream.
const MOST_OUTPUT: usize = 8 << 20;
/// How long streams must be quiet after their program's end to be left to the children that keep them open.
const QUIET: Duration = Duration::from_millis(100);
/// The most time that ending a command may take.
const END: Duration = Duration::from_secs(10);

/// A command that runs.
#[async_trait]
pub trait Running: Send {
    /// Waits for its exit status.
    ///
    /// # Errors
    ///
    /// When nobody knows it.
    async fn status(&mut self) -> Result<i32, BoxError>;

    /// Has it ended, with all that it started, and waits until it is.
    async fn end(&mut self);
}

/// A running command's standard streams.
#[derive(Debug)]
pub struct Pipes<I, O, E> {
    /// Its standard input; dropping it is the end of that.
    pub input: I,
    /// Its standard output.
    pub output: O,
    /// Its standard error.
    pub errors: E,
}

/// Waits for the end of a command that was just started, within its limit.
///
/// # Errors
///
/// When it takes too long or prints too much, and was ended for it; when its streams or its end cannot be read.
pub async fn collected<I, O, E>(
    command: &ExecCommand,
    running: &mut dyn Running,
    pipes: Pipes<I, O, E>,
) -> Result<ExecOutput, ExecError>
where
    I: AsyncWrite + Unpin + Send,
    O: AsyncRead + Unpin + Send,
    E: AsyncRead + Unpin + Send,
{
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let mut printed = Printed::default();
    let run = run(running, pipes, &command.stdin, &mut printed);
    let done = tokio::time::timeout(command.limit, run).await;
    if !matches!(&done, Ok(Ok(_))) {
        let _late = tokio::time::timeout(END, running.end()).await;
    }
    match done {
        Ok(Ok(status)) => Ok(ExecOutput {
            status,
            stdout: printed.stdout,
            stderr: printed.stderr,
        }),
        Ok(Err(CollectError::TooMuch)) => Err(ExecError::TooMuchOutput {
            program,
            limit: MOST_OUTPUT,
        }),
        Ok(Err(CollectError::Broken(source))) => Err(ExecError::Engine { program, source }),
        Err(_) => Err(ExecError::TimedOut {
            program,
            limit: command.limit,
        }),
    }
}

enum CollectError {
    TooMuch,
    Broken(BoxError),
}

#[derive(Default)]
struct Printed {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Feeds and reads a program to its end. A child of its own that stays keeps the streams open after that; once they
/// are quiet they are left to it.
async fn run<I, O, E>(
    running: &mut dyn Running,
    pipes: Pipes<I, O, E>,
    stdin: &[u8],
    printed: &mut Printed,
) -> Result<i32, CollectError>
where
    I: AsyncWrite + Unpin + Send,
    O: AsyncRead + Unpin + Send,
    E: AsyncRead + Unpin + Send,
{
    let Pipes {
        mut input,
        mut output,
        mut errors,
    } = pipes;
    let feed = async move {
        // A program need not read what it is given.
        let _unread = input.write_all(stdin).await;
        drop(input);
    };
    let (read, seen) = watch::channel(0_u64);
    let Printed { stdout, stderr } = printed;
    let feed_and_read = async {
        let read = async {
            tokio::try_join!(
                collect(&mut output, stdout, &read),
                collect(&mut errors, stderr, &read)
            )
        };
        tokio::join!(feed, read).1.map(drop)
    };
    let status = async { running.status().await.map_err(CollectError::Broken) };
    tokio::pin!(feed_and_read, status);
    let status = tokio::select! {
        read = &mut feed_and_read => {
            read?;
            // All is read, so what is left to wait for is said at once.
            return status.await;
        }
        status = &mut status => status?,
    };
    tokio::select! {
        read = feed_and_read => read?,
        () = quiet(&seen) => {}
    }
    Ok(status)
}

/// Waits until nothing more is read for a while.
async fn quiet(seen: &watch::Receiver<u64>) {
    let mut before = None;
    while before != Some(*seen.borrow()) {
        before = Some(*seen.borrow());
        tokio::time::sleep(QUIET).await;
    }
}

async fn collect(
    mut from: impl AsyncRead + Unpin,
    whole: &mut Vec<u8>,
    seen: &watch::Sender<u64>,
) -> Result<(), CollectError> {
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = from
            .read(&mut piece)
            .await
            .map_err(|error| CollectError::Broken(error.into()))?;
        if read == 0 {
            return Ok(());
        }
        if whole.len() + read > MOST_OUTPUT {
            return Err(CollectError::TooMuch);
        }
        whole.extend(piece.iter().take(read));
        seen.send_modify(|pieces| *pieces += 1);
    }
}
