//! What follows an accepted `CONNECT`: TLS with the bottle's own authority, or plain requests where TLS is not the
//! port's own; never bytes that nobody reads.

use std::sync::Arc;

use bytes::BytesMut;
use hyper::Method;
use rustls::server::Acceptor;
use tokio::time::timeout;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::answer;
use super::connection::Connection;
use super::events::Subject;
use super::place::{Place, TunnelName};
use super::requests;
use super::shared::Shared;
use super::token::Guard;
use crate::decide::{Refusal, Rule};
use crate::limits;
use crate::request::{Authority, Scheme};
use crate::stream::{Prefixed, Socket, Stream};

/// The first byte of a TLS handshake record (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 0x16;

/// Serves a tunnel until it ends.
pub(super) async fn serve(shared: &Arc<Shared>, mut connection: Connection, authority: Authority) {
    match timeout(limits::HANDSHAKE_TIME, first_byte(&mut connection)).await {
        Ok(Some(HANDSHAKE)) => {}
        Ok(Some(_)) if authority.port() == Scheme::Https.default_port() => {
            return refuse(shared, connection, &authority).await;
        }
        Ok(Some(_)) => {
            let place = Place::PlainTunnel { authority };
            requests::serve(shared, connection, &place, &Guard::Open).await;
            return;
        }
        Ok(None) | Err(_) => return,
    }
    let Some((socket, ahead)) = connection.into_socket() else {
        return;
    };
    let handshake = timeout(
        limits::HANDSHAKE_TIME,
        handshake(shared, socket, ahead, &authority),
    );
    let Ok(Some((stream, server_name))) = handshake.await else {
        tracing::debug!(%authority, "the TLS handshake inside a tunnel did not succeed");
        return;
    };
    let place = Place::Tunnel {
        authority,
        server_name,
    };
    requests::serve(shared, Connection::new(stream), &place, &Guard::Open).await;
}

async fn first_byte(connection: &mut Connection) -> Option<u8> {
    while connection.reader.buffer().is_empty() {
        if connection.reader.fill(limits::HEAD_READ_BYTES).await.ok()? == 0 {
            return None;
        }
    }
    connection.reader.buffer().first().copied()
}

/// Shakes hands under whatever name the guest asks for; requests inside a handshake with the wrong one are refused.
async fn handshake(
    shared: &Shared,
    socket: Socket,
    ahead: BytesMut,
    authority: &Authority,
) -> Option<(Stream, TunnelName)> {
    let stream = Prefixed::new(ahead, socket);
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
    let server_name = server_name(&start);
    let config = match server_name {
        TunnelName::Absent => shared.tls.for_host(authority.host())?,
        TunnelName::Malformed | TunnelName::Named(_) => shared.tls.for_named(),
    };
    let stream = start.into_stream(config).await.ok()?;
    Some((Stream::Tls(Box::new(stream)), server_name))
}

fn server_name(start: &StartHandshake<Prefixed<Socket>>) -> TunnelName {
    match start.client_hello().server_name() {
        None => TunnelName::Absent,
        Some(name) => name.parse().map_or(TunnelName::Malformed, TunnelName::Named),
    }
}

/// Says in plain text, since that is what the guest speaks, that this port is TLS's.
async fn refuse(shared: &Arc<Shared>, mut connection: Connection, authority: &Authority) {
    let what = format!("CONNECT {authority}");
    let refusal = Refusal::of_connection(
        Rule::NotTls,
        what,
        "use http:// URLs without CONNECT for plain requests",
    );
    let subject = Subject {
        host: authority.host().to_string(),
        port: authority.port(),
        method: Method::CONNECT.to_string(),
        ..Subject::default()
    };
    if let Some(mut record) = shared.recorder.begin(subject).await {
        record.refused(&refusal);
        record.status = Some(refusal.rule().status().as_u16());
    }
    let _ = answer::refuse(&mut connection.writer, &refusal, &Method::GET, true).await;
    connection.close().await;
}
