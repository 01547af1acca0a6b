//! Transparent mode: a way for programs that know no proxy.
//!
//! A question for a name is answered here, on the guest's own loopback, and never leaves: with an address of
//! 127.77.0.0/16 for a name that egress has a route for, and with "no such name" at once for any other. A connection
//! to such an address becomes a `CONNECT` on the egress door, which decides as it does for everyone: these addresses
//! open nothing by themselves.

mod connect;
mod egress;
mod message;
mod names;
mod resolver;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::net::{TcpListener, UdpSocket};

use egress::Egress;
use names::Names;
use resolver::Resolver;

/// Where the guest's programs put their questions.
const ADDRESS: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 53);

/// A resolver that is bound and answers nothing yet.
#[derive(Debug)]
pub(super) struct Transparent {
    datagrams: UdpSocket,
    streams: TcpListener,
    resolver: Arc<Resolver>,
}

impl Transparent {
    /// Binds the resolver's address; names are asked of the door behind `socket`.
    pub(super) async fn bind(socket: &Path) -> io::Result<Self> {
        Self::bind_to(ADDRESS.into(), socket).await
    }

    async fn bind_to(address: SocketAddr, socket: &Path) -> io::Result<Self> {
        let datagrams = UdpSocket::bind(address).await?;
        let streams = TcpListener::bind(datagrams.local_addr()?).await?;
        let egress = Arc::new(Egress::new(socket));
        Ok(Self {
            datagrams,
            streams,
            resolver: Arc::new(Resolver::new(Names::new(egress))),
        })
    }

    /// Starts to answer, in the background.
    pub(super) fn start(self) {
        tokio::spawn(resolver::serve_datagrams(
            self.datagrams,
            Arc::clone(&self.resolver),
        ));
        tokio::spawn(resolver::serve_streams(self.streams, self.resolver));
    }
}

#[cfg(test)]
mod tests;
