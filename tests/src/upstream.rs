//! An upstream that does what a test asks of it by path, and tells what it was asked.
//!
//! | path | does |
//! |---|---|
//! | `/echo` | answers with the request as JSON, headers and body included |
//! | `/status/N` | answers with that status |
//! | `/bytes/N` | sends N bytes with their length |
//! | `/chunked/N` | sends N bytes in chunks |
//! | `/upload` | reads everything, answers with its length and SHA-256 |
//! | `/events` | sends server-sent events as the test pushes them |
//! | `/stall` | never answers |
//! | `/stall/N` | sends N bytes of more and then nothing |
//! | `/reset` | resets the connection instead of an answer |
//! | `/reset/N` | resets it after N bytes of more |

mod feed;
mod replies;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use hyper::Request;
use hyper::body::Incoming;
use rustls::ServerConfig;

pub use crate::upstream::replies::sha256_of_bytes;

use crate::authority::TestAuthority;
use crate::record::RequestLog;
use crate::reply::Reply;
use crate::server::{Connection, Server, Service};
use crate::upstream::feed::Feed;

/// A running upstream.
#[derive(Debug)]
pub struct Upstream {
    server: Server,
    authority: TestAuthority,
    desk: Arc<Desk>,
}

#[derive(Debug, Default)]
struct Desk {
    requests: RequestLog,
    feed: Feed,
}

impl Upstream {
    /// Starts an upstream with TLS and a certificate for these names, signed by an authority of its own.
    pub fn start(listen: SocketAddr, names: &[&str]) -> Result<Self> {
        Self::start_with(listen, |authority| authority.server_config(names).map(Some))
    }

    /// Starts an upstream without TLS.
    pub fn start_plain(listen: SocketAddr) -> Result<Self> {
        Self::start_with(listen, |_| Ok(None))
    }

    /// Starts an upstream with whatever TLS the test wants of the authority, such as an expired certificate.
    pub fn start_with(
        listen: SocketAddr,
        tls: impl FnOnce(&TestAuthority) -> Result<Option<Arc<ServerConfig>>>,
    ) -> Result<Self> {
        let authority = TestAuthority::new("test upstream authority")?;
        let desk = Arc::new(Desk::default());
        let server = Server::start(listen, tls(&authority)?, Arc::clone(&desk))?;
        Ok(Self {
            server,
            authority,
            desk,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Who signed its certificate.
    #[must_use]
    pub fn authority(&self) -> &TestAuthority {
        &self.authority
    }

    /// What it was asked. Bodies are kept for `/echo` alone.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.desk.requests
    }

    /// Sends an event to every client that reads `/events`, now or later.
    pub fn push_event(&self, data: &str) {
        self.desk.feed.push(data);
    }

    /// Ends the stream of events.
    pub fn end_events(&self) {
        self.desk.feed.end();
    }
}

impl Service for Desk {
    async fn answer(&self, request: Request<Incoming>, connection: Connection) -> Reply {
        let (head, body) = request.into_parts();
        replies::reply(self, head, body, connection).await
    }
}
