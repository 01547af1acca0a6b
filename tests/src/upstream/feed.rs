//! Events that a test pushes one by one, so that it can see each arrive before it sends the next.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::watch;

/// Everything pushed so far; readers follow it from the beginning.
#[derive(Debug)]
pub(super) struct Feed {
    pushed: watch::Sender<Pushed>,
}

#[derive(Debug, Default)]
struct Pushed {
    events: Vec<Bytes>,
    ended: bool,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            pushed: watch::Sender::new(Pushed::default()),
        }
    }
}

impl Feed {
    pub(super) fn push(&self, data: &str) {
        self.pushed
            .send_modify(|pushed| pushed.events.push(format!("data: {data}\n\n").into()));
    }

    pub(super) fn end(&self) {
        self.pushed.send_modify(|pushed| pushed.ended = true);
    }

    pub(super) fn pieces(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::unfold((self.pushed.subscribe(), 0), |(mut pushed, read)| async move {
            let event = {
                let more = |pushed: &Pushed| pushed.ended || pushed.events.len() > read;
                pushed.wait_for(more).await.ok()?.events.get(read).cloned()?
            };
            Some((Ok(event), (pushed, read + 1)))
        })
    }
}
