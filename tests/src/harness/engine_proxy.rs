//! A Docker Engine between the command and the real one, which holds or fails the call that a test names.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::UnixStream;

use crate::reply::Reply;
use crate::server::{Connection, Service, UnixServer};
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
    desk: Arc<Desk>,
    _server: UnixServer,
}

/// What the proxy's thread and the test share.
#[derive(Debug, Default)]
struct Desk {
    seen: Arc<Watched<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    calls: Vec<String>,
    chosen: Option<(String, Fate)>,
    caught: bool,
    released: bool,
}

impl EngineProxy {
    /// Listens on that socket.
    pub fn start(socket: &Path) -> Result<Self> {
        let desk = Arc::new(Desk::default());
        Ok(Self {
            _server: UnixServer::start(socket, Arc::clone(&desk))?,
            desk,
        })
    }

    /// Every call so far, each as its method and path with names left out.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.desk.seen.look(|seen| seen.calls.clone())
    }

    /// Chooses the call that the next one of its kind is; what was chosen before is forgotten.
    pub fn choose(&self, call: &str, fate: Fate) {
        self.desk.seen.change(|seen| {
            *seen = Seen {
                chosen: Some((call.to_owned(), fate)),
                ..Seen::default()
            };
        });
    }

    /// Waits until the chosen call came.
    pub fn wait_until_caught(&self, limit: Duration) -> Result<()> {
        let caught = self.desk.seen.wait_for(limit, |seen| seen.caught.then_some(()));
        caught.with_context(|| format!("it did not come within {limit:?}: {:?}", self.calls()))
    }

    /// Lets the call that waits go on.
    pub fn release(&self) {
        self.desk.seen.change(|seen| seen.released = true);
    }
}

impl Drop for EngineProxy {
    fn drop(&mut self) {
        self.release();
    }
}

impl Service for Desk {
    async fn answer(&self, request: Request<Incoming>, _connection: Connection) -> Reply {
        match self.fate(kind(request.method().as_str(), request.uri().path())) {
            None => {}
            Some(Fate::Fails) => return failed("the test fails this call"),
            Some(Fate::Waits) => {
                let seen = Arc::clone(&self.seen);
                let released = move || seen.wait_for(HELD, |seen| seen.released.then_some(()));
                let _ = tokio::task::spawn_blocking(released).await;
            }
        }
        match forward(request).await {
            Ok(reply) => reply,
            Err(error) => failed(&format!("{error:#}")),
        }
    }
}

impl Desk {
    fn fate(&self, call: String) -> Option<Fate> {
        self.seen.change(|seen| {
            let chosen = seen.chosen.as_ref().filter(|(chosen, _)| *chosen == call);
            let fate = chosen.map(|(_, fate)| *fate).filter(|_| !seen.caught);
            seen.calls.push(call);
            seen.caught |= fate.is_some();
            fate
        })
    }
}

/// The longest that a call is held.
const HELD: Duration = Duration::from_secs(60);

fn failed(message: &str) -> Reply {
    Reply::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "message": message }))
}

async fn forward(mut request: Request<Incoming>) -> Result<Reply> {
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
    Ok(Reply::passed_on(response))
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
