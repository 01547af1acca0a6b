//! What each path does.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, Limited};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Desk;
use crate::record::{Recorded, RecordedBody};
use crate::reply::Reply;
use crate::server::Connection;

/// The longest body that `/echo` keeps.
const ECHO_LIMIT: usize = 1 << 20;
/// What large bodies are made of.
const CHUNK: usize = 64 << 10;

pub(super) async fn reply(desk: &Desk, head: Parts, body: Incoming, connection: Connection) -> Reply {
    let path = head.uri.path().to_owned();
    let mut segments = path.trim_start_matches('/').splitn(2, '/');
    let (name, number) = (
        segments.next().unwrap_or_default(),
        segments.next().map(str::parse::<u64>),
    );
    if name == "echo" {
        return echo(desk, &head, body).await;
    }
    desk.requests.push(Recorded::new(&head, RecordedBody::None));
    match (name, number) {
        ("status", Some(Ok(status))) => match u16::try_from(status).map(StatusCode::from_u16) {
            Ok(Ok(status)) => Reply::full(status, ""),
            _ => Reply::full(StatusCode::BAD_REQUEST, "no such status\n"),
        },
        ("bytes", Some(Ok(count))) => {
            Reply::stream(zeros(count)).with_text("content-length", &count.to_string())
        }
        ("chunked", Some(Ok(count))) => Reply::stream(zeros(count)),
        ("upload", None) => upload(body).await,
        ("events", None) => Reply::stream(desk.feed.pieces()).with(CONTENT_TYPE, "text/event-stream"),
        ("stall", None) => std::future::pending().await,
        ("stall", Some(Ok(count))) => more_after(count, stream::pending()),
        ("reset", None) => reset(&connection, 0),
        ("reset", Some(Ok(count))) => reset(&connection, count),
        _ => Reply::full(
            StatusCode::NOT_FOUND,
            "the test upstream does not know this path\n",
        ),
    }
}

async fn echo(desk: &Desk, head: &Parts, body: Incoming) -> Reply {
    let body = match Limited::new(body, ECHO_LIMIT).collect().await {
        Ok(collected) => RecordedBody::of(&collected.to_bytes()),
        Err(error) => return Reply::full(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let recorded = Recorded::new(head, body);
    let answer = Reply::json(StatusCode::OK, &json!(recorded));
    desk.requests.push(recorded);
    answer
}

async fn upload(mut body: Incoming) -> Reply {
    let (mut count, mut digest) = (0_u64, Sha256::new());
    while let Some(frame) = body.frame().await {
        match frame.map(|frame| frame.into_data()) {
            Ok(Ok(data)) => {
                count += data.len() as u64;
                digest.update(&data);
            }
            Ok(Err(_trailers)) => {}
            Err(error) => {
                return Reply::full(StatusCode::BAD_REQUEST, format!("after {count} bytes: {error}\n"));
            }
        }
    }
    Reply::json(
        StatusCode::OK,
        &json!({"bytes": count, "sha256": hex(&digest.finalize())}),
    )
}

fn reset(connection: &Connection, after: u64) -> Reply {
    if let Err(error) = connection.end_with_reset() {
        return Reply::full(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"));
    }
    let cut = io::Error::new(
        io::ErrorKind::ConnectionReset,
        "the test resets the connection here",
    );
    more_after(after, stream::iter([Err(cut)]))
}

/// A body that promises a byte more than the count and goes on with something else instead.
fn more_after(count: u64, rest: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Reply {
    Reply::stream(zeros(count).chain(rest)).with_text("content-length", &(count + 1).to_string())
}

fn zeros(count: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let whole = chunk();
    stream::unfold(count, move |left| {
        let piece = whole.slice(..usize::try_from(left).unwrap_or(CHUNK).min(CHUNK));
        async move {
            (left > 0).then(|| {
                let rest = left - piece.len() as u64;
                (Ok(piece), rest)
            })
        }
    })
}

/// One piece of a large body.
fn chunk() -> Bytes {
    Bytes::from_static(&[0; CHUNK])
}

/// The SHA-256 of that many zeros, in hexadecimal: what `/upload` answers for such a body.
#[must_use]
pub fn sha256_of_bytes(count: u64) -> String {
    let mut digest = Sha256::new();
    let mut left = count;
    while left > 0 {
        let piece = chunk().slice(..usize::try_from(left).unwrap_or(CHUNK).min(CHUNK));
        digest.update(&piece);
        left -= piece.len() as u64;
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
