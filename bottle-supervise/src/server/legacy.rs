//! The transport of the protocol's first version (2024-11-05, "HTTP with SSE"): a stream of events that says where to
//! post, and through which the answers come.
//!
//! What is posted goes to the same service as a request of the current transport, and is decided nowhere else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, Interval, interval_at, timeout};

use super::http::{Answer, Mcp, plain};
use super::limits::{BODY_BYTES, PULSE_TIME, REQUEST_TIME, STREAM_CALLS, STREAMS};

/// Where a stream is asked for, and where its client posts.
const STREAM: &str = "/sse";
const MESSAGES: &str = "/messages";
/// What the number of a stream follows.
const QUERY: &str = "stream=";
/// A line that says nothing, for clients that give up on a silent stream.
const PULSE: &[u8] = b":\n\n";
/// What is answered to a message that is none: an error of JSON-RPC 2.0 whose request nobody knows.
const NO_MESSAGE: &[u8] =
    br#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"this is no message of the protocol"}}"#;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The streams that are open.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    last: u64,
    ended: bool,
    streams: BTreeMap<u64, Stream>,
}

#[derive(Clone)]
struct Stream {
    events: mpsc::Sender<Bytes>,
    calls: Arc<Semaphore>,
}

/// What a client of a stream reads; the stream is closed when this is dropped.
struct Events {
    received: mpsc::Receiver<Bytes>,
    pulse: Interval,
    number: u64,
    streams: Streams,
}

impl Streams {
    /// Tells whether a path is this transport's.
    pub(super) fn serves(path: &str) -> bool {
        [STREAM, MESSAGES].contains(&path)
    }

    /// Answers a request to such a path.
    pub(super) async fn answer(&self, service: &Mcp, request: Request<Incoming>) -> Answer {
        match (request.method(), request.uri().path()) {
            (&Method::GET, STREAM) => self.open(),
            (&Method::POST, MESSAGES) => self.take(service, request).await,
            _ => plain(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Opens no more streams, and closes each as soon as its calls are answered.
    pub(super) fn end(&self) {
        let mut open = self.lock();
        open.ended = true;
        open.streams.clear();
    }

    fn open(&self) -> Answer {
        let (events, received) = mpsc::channel(STREAM_CALLS);
        let mut open = self.lock();
        if open.ended || open.streams.len() >= STREAMS {
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        }
        open.last += 1;
        let number = open.last;
        // Whoever could guess a number is the same agent.
        let first = event("endpoint", format!("{MESSAGES}?{QUERY}{number}").as_bytes());
        // There is room for it.
        let _sent = events.try_send(first);
        let calls = Arc::new(Semaphore::new(STREAM_CALLS));
        open.streams.insert(number, Stream { events, calls });
        drop(open);
        let events = Events {
            received,
            pulse: interval_at(Instant::now() + PULSE_TIME, PULSE_TIME),
            number,
            streams: self.clone(),
        };
        let mut answer = Response::new(events.boxed());
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, EVENT_STREAM);
        headers.insert(CACHE_CONTROL, NO_STORE);
        answer
    }

    /// Takes a message, which is answered through its stream.
    async fn take(&self, service: &Mcp, request: Request<Incoming>) -> Answer {
        let number = request.uri().query().and_then(|query| query.strip_prefix(QUERY));
        let number: Option<u64> = number.and_then(|number| number.parse().ok());
        let stream = number.and_then(|number| self.lock().streams.get(&number).cloned());
        let Some(Stream { events, calls }) = stream else {
            return plain(StatusCode::NOT_FOUND);
        };
        let Ok(place) = calls.try_acquire_owned() else {
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        };
        let body = Limited::new(request.into_body(), BODY_BYTES).collect();
        let body = match timeout(REQUEST_TIME, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE),
            Err(_) => return plain(StatusCode::REQUEST_TIMEOUT),
        };
        // Its client waits at the stream, and may post something else meanwhile.
        tokio::spawn(call(service.clone(), body, events, place));
        plain(StatusCode::ACCEPTED)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Nothing in there can be left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
/// Has a message answered, and passes the answer on.
async fn call(service: Mcp, body: Bytes, events: mpsc::Sender<Bytes>, _place: OwnedSemaphorePermit) {
    let request = Request::post("/")
        .header(HOST, "supervise")
        .header(ACCEPT, "application/json, text/event-stream")
        .header(CONTENT_TYPE, JSON)
        .body(Full::new(body));
    let Ok(request) = request else { return };
    let Ok(answer) = timeout(REQUEST_TIME, service.handle(request)).await else {
        return;
    };
    let is_json = answer
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|found| found == JSON);
    let Ok(answer) = answer.into_body().collect().await;
    // A notification has no answer. Words for people are an error for programs.
    let answer = match answer.to_bytes() {
        words if !is_json && !words.is_empty() => Bytes::from_static(NO_MESSAGE),
        answer => answer,
    };
    if !answer.is_empty() {
        // A client that has gone does not hear it.
        let _heard = events.send(event("message", &answer)).await;
    }
}

/// One event of a stream. JSON stands in one line, and whatever does not is kept in one event all the same.
fn event(name: &str, data: &[u8]) -> Bytes {
    let mut text = format!("event: {name}\n").into_bytes();
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        text.extend(b"data: ");
        text.extend(line);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.into()
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Poll::Ready(event) = self.received.poll_recv(context) {
            return Poll::Ready(event.map(|event| Ok(Frame::data(event))));
        }
        let pulse = self.pulse.poll_tick(context);
        pulse.map(|_| Some(Ok(Frame::data(Bytes::from_static(PULSE)))))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.streams.lock().streams.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_answered_is_one_event() {
        assert_eq!(event("message", b"{}"), "event: message\ndata: {}\n\n");
        let split = event("message", b"{\n\r\nevent: endpoint\n}");
        assert_eq!(
            split,
            "event: message\ndata: {\ndata: \ndata: \ndata: event: endpoint\ndata: }\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_has_a_pulse() {
        let streams = Streams::default();
        let mut body = streams.open().into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "event: endpoint\ndata: /messages?stream=1\n\n");
        let began = Instant::now();
        let pulse = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(pulse, PULSE);
        assert_eq!(began.elapsed(), PULSE_TIME);
        streams.end();
        assert!(body.frame().await.is_none());
        assert_eq!(streams.open().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
