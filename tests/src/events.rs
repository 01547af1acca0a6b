//! Server-sent events (HTML Living Standard, section 9.2).

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::Value;

use crate::reply::Reply;

/// One event: a name, and a JSON document as its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What stands behind `event:`.
    pub name: &'static str,
    /// What stands behind `data:`, on one line.
    pub data: Value,
}

/// How events follow each other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The wait before each event but the first.
    pub delay: Duration,
    /// After so many events the connection breaks off, with no end of the stream.
    pub cut_after: Option<usize>,
}

impl Event {
    /// An event whose data carries its own name as `type`, as both model services have it.
    #[must_use]
    pub fn typed(name: &'static str, mut data: Value) -> Self {
        if let Value::Object(fields) = &mut data {
            fields.insert("type".to_owned(), name.into());
        }
        Self { name, data }
    }

    fn bytes(&self) -> Bytes {
        format!("event: {}\ndata: {}\n\n", self.name, self.data).into()
    }
}

/// A reply that sends each event by itself.
#[must_use]
pub fn reply(events: Vec<Event>, pace: Pace) -> Reply {
    let waiting = VecDeque::from(events);
    let pieces = stream::unfold((waiting, 0), move |(mut waiting, sent)| async move {
        if pace.cut_after == Some(sent) {
            waiting.clear();
            let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "the test cuts the stream here");
            return Some((Err(cut), (waiting, usize::MAX)));
        }
        let event = waiting.pop_front()?;
        if sent > 0 {
            tokio::time::sleep(pace.delay).await;
        }
        Some((Ok(event.bytes()), (waiting, sent + 1)))
    });
    Reply::stream(pieces)
        .with(CONTENT_TYPE, "text/event-stream; charset=utf-8")
        .with(CACHE_CONTROL, "no-cache")
}
