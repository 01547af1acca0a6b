//! Answers as git reads them.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{StatusCode, body};
use tokio::sync::mpsc;

use crate::pkt_line;

/// An answer.
pub(crate) type Response = hyper::Response<Answer>;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// All of it is there.
    Whole(Full<Bytes>),
    /// It comes in pieces; an error breaks the connection, so that nobody takes a part for the whole.
    Pieces(mpsc::Receiver<io::Result<Bytes>>),
}

impl body::Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(full) => Pin::new(full)
                .poll_frame(context)
                .map(|frame| frame.map(|frame| frame.map_err(|never: Infallible| match never {}))),
            Self::Pieces(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }
}

/// Words for people; git shows them where the content is plain text.
pub(crate) fn plain(status: u16, text: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with(
        status,
        "text/plain; charset=utf-8",
        whole(format!("{text}\n").into_bytes()),
    )
}

/// The advertisement of a service.
pub(crate) fn advertisement(service: &str, refs: &[u8]) -> Response {
    let mut out = Vec::new();
    pkt_line::put(&mut out, format!("# service={service}\n").as_bytes());
    pkt_line::put_flush(&mut out);
    out.extend(refs);
    with(
        StatusCode::OK,
        &format!("application/x-{service}-advertisement"),
        whole(out),
    )
}

/// An advertisement that says why there is none: git shows it as `fatal: remote error`.
pub(crate) fn no_advertisement(service: &str, why: &str) -> Response {
    let mut out = Vec::new();
    pkt_line::put(&mut out, format!("ERR git gate: {why}").as_bytes());
    advertisement(service, &out)
}

/// The result of a service.
pub(crate) fn result(service: &str, bytes: Vec<u8>) -> Response {
    with(
        StatusCode::OK,
        &format!("application/x-{service}-result"),
        whole(bytes),
    )
}

/// A result that says why there is none.
pub(crate) fn no_result(service: &str, why: &str) -> Response {
    let mut out = Vec::new();
    pkt_line::put(&mut out, format!("ERR git gate: {why}").as_bytes());
    result(service, out)
}

/// A result that comes in pieces.
pub(crate) fn pieces(service: &str, pieces: mpsc::Receiver<io::Result<Bytes>>) -> Response {
    with(
        StatusCode::OK,
        &format!("application/x-{service}-result"),
        Answer::Pieces(pieces),
    )
}

fn whole(bytes: Vec<u8>) -> Answer {
    Answer::Whole(Full::new(Bytes::from(bytes)))
}

fn with(status: StatusCode, kind: &str, body: Answer) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(CONTENT_TYPE, kind);
    }
    response
}
