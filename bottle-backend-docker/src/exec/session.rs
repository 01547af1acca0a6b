//! A program whose streams stay open.

use std::time::Duration;

use async_trait::async_trait;
use bottle_backend::{AgentSession, ExecError, SessionControl, TerminalSize};
use hyper::Method;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;

use super::{Exec, create, start, status};
use crate::engine::{Body, Engine, Frames, RawError, Stream};

/// How much of a stream waits for its reader.
const BUFFER: usize = 64 << 10;
/// How long after its start a running program's end is looked for while its streams are open: one that it has left to
/// others stays open after it. The longer it runs the less often.
const LOOK: Duration = Duration::from_millis(500);
/// The longest pause between two looks. An engine closes such streams by itself about as soon.
const MOST_LOOK: Duration = Duration::from_secs(4);

/// Starts a program with its streams open.
pub(crate) async fn open_session(
    engine: &Engine,
    container: &str,
    program: &str,
    exec: &Exec,
) -> Result<AgentSession, ExecError> {
    let failed = |error: RawError| ExecError::Engine {
        program: program.to_owned(),
        source: error.into(),
    };
    let id = create(engine, container, exec).await.map_err(failed)?;
    let stream = start(engine, &id, exec.tty).await.map_err(failed)?;
    let (output, input) = tokio::io::split(stream);
    let (ended, seen) = watch::channel(false);
    let control = DockerSession {
        engine: engine.clone(),
        program: program.to_owned(),
        id,
        ended: seen,
    };
    let (stdout, errors) = match exec.tty {
        true => (raw(output, ended), None),
        false => {
            let (stdout, stderr) = taken_apart(output, ended);
            (stdout, Some(stderr))
        }
    };
    Ok(AgentSession {
        input: Box::pin(input),
        output: Box::pin(stdout),
        errors: errors.map(|errors| Box::pin(errors) as _),
        control: Box::new(control),
    })
}

/// Passes a terminal's bytes on as they are.
fn raw(mut source: impl AsyncRead + Unpin + Send + 'static, ended: watch::Sender<bool>) -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(BUFFER);
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut source, &mut far).await;
        ended.send_replace(true);
    });
    near
}

/// Takes framed streams apart. A reader that has gone away loses its part, and the other goes on.
fn taken_apart(
    source: impl AsyncRead + Unpin + Send + 'static,
    ended: watch::Sender<bool>,
) -> (DuplexStream, DuplexStream) {
    let (stdout, mut out) = tokio::io::duplex(BUFFER);
    let (stderr, mut err) = tokio::io::duplex(BUFFER);
    tokio::spawn(async move {
        let mut frames = Frames::new(source);
        let mut piece = Vec::new();
        while let Ok(Some(stream)) = frames.next(&mut piece).await {
            match stream {
                Stream::Stdout => pass(&mut out, &piece).await,
                Stream::Stderr => pass(&mut err, &piece).await,
            }
        }
        ended.send_replace(true);
    });
    (stdout, stderr)
}

async fn pass(to: &mut (impl AsyncWrite + Unpin), piece: &[u8]) {
    let _ = to.write_all(piece).await;
}

struct DockerSession {
    engine: Engine,
    program: String,
    id: String,
    /// Whether the streams have ended.
    ended: watch::Receiver<bool>,
}

impl DockerSession {
    async fn set_size(&self, size: TerminalSize) -> Result<(), RawError> {
        let path = format!("/exec/{}/resize?h={}&w={}", self.id, size.rows, size.columns);
        self.engine.raw.request(Method::POST, &path, Body::Empty).await?;
        Ok(())
    }

    fn failed(&self, error: RawError) -> ExecError {
        ExecError::Engine {
            program: self.program.clone(),
            source: error.into(),
        }
    }
}

#[async_trait]
impl SessionControl for DockerSession {
    async fn resize(&self, size: TerminalSize) -> Result<(), ExecError> {
        self.set_size(size).await.map_err(|error| self.failed(error))
    }

    async fn wait(&self) -> Result<i32, ExecError> {
        let mut ended = self.ended.clone();
        let mut soon = Duration::from_millis(2);
        let mut look = LOOK;
        loop {
            let status = status(&self.engine, &self.id).await;
            if let Some(status) = status.map_err(|error| self.failed(error))? {
                return Ok(status);
            }
            if *ended.borrow() {
                tokio::time::sleep(soon).await;
                soon = (soon * 2).min(LOOK);
            } else {
                let _ = tokio::time::timeout(look, ended.wait_for(|ended| *ended)).await;
                look = (look * 2).min(MOST_LOOK);
            }
        }
    }
}
