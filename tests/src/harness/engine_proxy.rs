//! A Docker Engine between the command and the real one, which holds or fails the call that a test names.

use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;

use crate::watched::Watched;

/// Where the real engine listens.
const ENGINE: &str = "/var/run/docker.sock";

/// What happens to the first call of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is answered with an error and never reaches the engine.
    #[default]
    Fails,
    /// It waits until the test lets it go on.
    Waits,
}

/// A running proxy.
#[derive(Debug)]
pub struct EngineProxy {
    desk: Arc<Watched<Desk>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Desk {
    calls: Vec<String>,
    chosen: Option<(String, Fate)>,
    caught: bool,
    released: bool,
}

impl EngineProxy {
    /// Listens on that socket.
    pub fn start(socket: &Path) -> Result<Self> {
        let listener = StdListener::bind(socket).with_context(|| socket.display().to_string())?;
        listener.set_nonblocking(true)?;
        let desk = Arc::new(Watched::new(Desk::default()));
        let shared = Arc::clone(&desk);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    ended = accept(listener, shared) => eprintln!("the proxy ended: {ended:?}"),
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self {
            desk,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Every call so far, each as its method and path with names left out.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.desk.look(|desk| desk.calls.clone())
    }

    /// Chooses the call that the next one of its kind is; what was chosen before is forgotten.
    pub fn choose(&self, call: &str, fate: Fate) {
        self.desk.change(|desk| {
            *desk = Desk {
                chosen: Some((call.to_owned(), fate)),
                ..Desk::default()
            };
        });
    }

    /// Waits until the chosen call came.
    pub fn wait_until_caught(&self, limit: Duration) -> Result<()> {
        let caught = self.desk.wait_for(limit, |desk| desk.caught.then_some(()));
        caught.with_context(|| format!("it did not come within {limit:?}: {:?}", self.calls()))
    }

    /// Lets the call that waits go on.
    pub fn release(&self) {
        self.desk.change(|desk| desk.released = true);
    }
}

impl Drop for EngineProxy {
    fn drop(&mut self) {
        self.release();
        // Neither can fail but for a proxy that has ended by itself.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn accept(listener: StdListener, desk: Arc<Watched<Desk>>) -> io::Result<()> {
    let listener = UnixListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let desk = Arc::clone(&desk);
                async move { answer(request, desk).await }
            });
            // Commands that are killed break off, which is what tests are about.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .with_upgrades()
                .await;
        });
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, hyper::Error>>;

async fn answer(request: Request<Incoming>, desk: Arc<Watched<Desk>>) -> Result<Answer> {
    let call = kind(request.method().as_str(), request.uri().path());
    let fate = desk.change(|desk| {
        desk.calls.push(call.clone());
        let (chosen, fate) = desk.chosen.as_ref()?;
        let first = *chosen == call && !desk.caught;
        desk.caught |= first;
        first.then_some(*fate)
    });
    match fate {
        None => {}
        Some(Fate::Fails) => {
            let words = Full::new(Bytes::from_static(b"{\"message\":\"the test fails this call\"}"));
            let mut failed = Response::new(words.map_err(|never| match never {}).boxed_unsync());
            *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return Ok(failed);
        }
        Some(Fate::Waits) => {
            let released = move || desk.wait_for(HELD, |desk| desk.released.then_some(()));
            tokio::task::spawn_blocking(released).await?;
        }
    }
    forward(request).await
}

/// The longest that a call is held.
const HELD: Duration = Duration::from_secs(60);

async fn forward(mut request: Request<Incoming>) -> Result<Answer> {
    let upgrade = hyper::upgrade::on(&mut request);
    let engine = TokioIo::new(UnixStream::connect(ENGINE).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(engine).await?;
    tokio::spawn(connection.with_upgrades());
    let mut response = sender.send_request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let engine = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            let (client, engine) = tokio::try_join!(upgrade, engine).map_err(io::Error::other)?;
            tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(engine)).await
        });
    }
    Ok(response.map(|body| body.boxed_unsync()))
}

/// What a call is about: `/v1.41/containers/abc/start` is `/containers/*/start`.
fn kind(method: &str, path: &str) -> String {
    let mut segments: Vec<&str> = path.split('/').skip(1).collect();
    if segments.first().is_some_and(|version| version.starts_with("v1.")) {
        segments.remove(0);
    }
    if let [_, name, ..] = segments.as_mut_slice()
        && !["json", "create", "prune"].contains(name)
    {
        *name = "*";
    }
    format!("{method} /{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_call_has_no_name_in_it() {
        for (path, wanted) in [
            ("/v1.41/containers/abc/start", "GET /containers/*/start"),
            ("/containers/json", "GET /containers/json"),
            ("/v1.44/volumes/create", "GET /volumes/create"),
            ("/_ping", "GET /_ping"),
        ] {
            assert_eq!(kind("GET", path), wanted);
        }
    }
}
