//! A proxy that leads every host to one server: how a program on the host is shown a mock under the real names.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::record::{Recorded, RecordedBody, RequestLog};
use crate::reply::Reply;
use crate::server::{Connection, Server, Service};

/// A proxy that understands `CONNECT` alone and dials one address whatever it is asked for.
#[derive(Debug)]
pub struct ConnectProxy {
    server: Server,
    requests: Arc<RequestLog>,
}

#[derive(Debug)]
struct Tunnel {
    target: SocketAddr,
    requests: Arc<RequestLog>,
}

impl ConnectProxy {
    /// Listens there and leads to the target.
    pub fn start(listen: SocketAddr, target: SocketAddr) -> Result<Self> {
        let requests = Arc::new(RequestLog::default());
        let tunnel = Tunnel {
            target,
            requests: Arc::clone(&requests),
        };
        Ok(Self {
            server: Server::start(listen, None, Arc::new(tunnel))?,
            requests,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What it was asked for; the path of a `CONNECT` is its authority.
    #[must_use]
    pub fn requests(&self) -> &RequestLog {
        &self.requests
    }
}

impl Service for Tunnel {
    async fn answer(&self, mut request: Request<Incoming>, _connection: Connection) -> Reply {
        let upgrade = hyper::upgrade::on(&mut request);
        let (head, _) = request.into_parts();
        self.requests.push(Recorded::new(&head, RecordedBody::None));
        if head.method != Method::CONNECT {
            return Reply::full(
                StatusCode::METHOD_NOT_ALLOWED,
                "this proxy understands CONNECT alone\n",
            );
        }
        let target = self.target;
        tokio::spawn(async move {
            let client = upgrade.await.map_err(io::Error::other)?;
            let mut server = TcpStream::connect(target).await?;
            tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut server).await
        });
        Reply::full(StatusCode::OK, "")
    }
}
