//! HTTP/1.1 around the protocol: connections, times and sizes.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Desk;
use super::handler::Handler;
use super::legacy::Streams;
use super::limits::{ACCEPT_PAUSE, BODY_BYTES, CONNECTIONS, FIELDS, HEAD_BYTES, HEAD_TIME, REQUEST_TIME};

pub(super) type Mcp = StreamableHttpService<Handler, NeverSessionManager>;
pub(super) type Answer = Response<BoxBody<Bytes, Infallible>>;

/// The hosts that a request may name: the guest's name for the door, and its loopback.
const HOSTS: [&str; 4] = ["supervise", "localhost", "127.0.0.1", "[::1]"];
/// The origins that a request may name, should it name one.
const ORIGINS: [&str; 3] = ["http://supervise:*", "http://localhost:*", "http://127.0.0.1:*"];
/// The one place where the server is.
const PATHS: [&str; 2] = ["/", "/mcp"];

/// Serves a listener until the given future ends, and then what is being answered. Calls that wait for a human do so
/// until the desk is [done](Desk::decided).
pub async fn serve(listener: UnixListener, desk: Arc<dyn Desk>, until: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let (end, ending) = watch::channel(());
    let streams = Streams::default();
    tokio::pin!(until);
    loop {
        let accepted = async {
            // Further connections wait in the kernel's queue.
            let place = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => {
                    let desk = Arc::clone(&desk);
                    let (streams, ending) = (streams.clone(), ending.clone());
                    connections.spawn(async move {
                        connection(stream, desk, streams, ending).await;
                        drop(place);
                    });
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => (),
            () = &mut until => break,
        }
    }
    drop((listener, end));
    streams.end();
    while connections.join_next().await.is_some() {}
}

fn service(desk: Arc<dyn Desk>) -> Mcp {
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(HOSTS)
        .with_allowed_origins(ORIGINS)
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_BYTES);
    let handler = move || Ok(Handler::new(Arc::clone(&desk)));
    StreamableHttpService::new(handler, Arc::new(NeverSessionManager::default()), config)
}

/// Serves one connection until it ends, or until it is told to end.
pub(crate) async fn connection<S>(
    stream: S,
    desk: Arc<dyn Desk>,
    streams: Streams,
    mut ending: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service(desk);
    let service = service_fn(move |request| {
        let (service, streams) = (service.clone(), streams.clone());
        async move { Ok::<_, Infallible>(answer(&service, &streams, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let served = tokio::select! {
        served = &mut served => served,
        _ = ending.changed() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer(service: &Mcp, streams: &Streams, request: Request<Incoming>) -> Answer {
    if Streams::serves(request.uri().path()) {
        return match names_us(request.headers()) {
            true => streams.answer(service, request).await,
            false => plain(StatusCode::FORBIDDEN),
        };
    }
    if !PATHS.contains(&request.uri().path()) {
        return plain(StatusCode::NOT_FOUND);
    }
    let answered = timeout(REQUEST_TIME, service.handle(request)).await;
    answered.unwrap_or_else(|_| plain(StatusCode::REQUEST_TIMEOUT))
}

/// Tells whether a request is for this server, and from no page of another: what the service asks of its own requests.
fn names_us(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| {
        let value = headers.get(name)?;
        Some(value.to_str().unwrap_or_default())
    };
    let ours = |text: &str| {
        let authority = text.parse::<Authority>();
        authority.is_ok_and(|authority| HOSTS.contains(&authority.host()))
    };
    let origin = text(ORIGIN).is_none_or(|origin| origin.strip_prefix("http://").is_some_and(ours));
    origin && text(HOST).is_some_and(ours)
}

pub(super) fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Empty::new().boxed());
    *answer.status_mut() = status;
    answer
}
