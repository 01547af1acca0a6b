//! A request's body on its way up, read from the guest only as fast as the upstream takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::HeaderMap;
use tokio::sync::oneshot;

use crate::http1::{BodyDecoder, BodyError, Framing, Piece, Reader};
use crate::request::fields::{FieldKind, field_kind};

/// How many body bytes went each way; whoever watches a request for a stall looks at it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    /// Whether the request's whole body went up.
    pub(crate) sent_all: AtomicBool,
}

impl Progress {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// The reading side of the guest's connection, given back when a body ends or is given up.
#[derive(Debug)]
pub(crate) struct ReturnedReader {
    pub(crate) reader: Reader,
    /// What was not read of the body.
    pub(crate) rest: BodyDecoder,
    /// Why the body broke off, if it did.
    pub(crate) error: Option<BodyError>,
}

/// The body of a request to an upstream.
#[derive(Debug)]
pub(crate) enum GuestBody {
    /// There is none.
    Empty,
    /// It was read before the decision.
    Whole(Option<Bytes>),
    /// It streams from the guest.
    Streaming(Box<StreamingBody>),
}

#[derive(Debug)]
pub(crate) struct StreamingBody {
    source: Option<Source>,
    decoder: BodyDecoder,
    most: u64,
    gate: Option<oneshot::Receiver<()>>,
    progress: Arc<Progress>,
}

#[derive(Debug)]
struct Source {
    reader: Reader,
    give_back: oneshot::Sender<ReturnedReader>,
}

impl GuestBody {
    /// Streams from a reader, which comes back over the returned channel. Nothing is read before the gate opens.
    pub(crate) fn streaming(
        reader: Reader,
        framing: Framing,
        most: Option<u64>,
        gate: Option<oneshot::Receiver<()>>,
        progress: Arc<Progress>,
    ) -> (Self, oneshot::Receiver<ReturnedReader>) {
        let (give_back, returned) = oneshot::channel();
        let body = StreamingBody {
            source: Some(Source { reader, give_back }),
            decoder: BodyDecoder::new(framing),
            most: most.unwrap_or(u64::MAX),
            gate,
            progress,
        };
        (Self::Streaming(Box::new(body)), returned)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

impl StreamingBody {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(gate) = &mut self.gate {
            ready!(Pin::new(gate).poll(context)).map_err(|_| BodyError::GivenUp)?;
            self.gate = None;
        }
        let polled = ready!(self.poll_piece(context));
        match polled {
            Ok(Piece::Data(data)) => Poll::Ready(Some(self.count(data))),
            Ok(Piece::End(trailers)) => {
                self.give_back(None);
                Poll::Ready(
                    trailers
                        .and_then(allowed_trailers)
                        .map(|trailers| Ok(Frame::trailers(trailers))),
                )
            }
            Err(error) => {
                self.give_back(Some(error));
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Piece, BodyError>> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(Ok(Piece::End(None)));
        };
        loop {
            if let Some(piece) = self.decoder.decode(source.reader.buffer())? {
                return Poll::Ready(Ok(piece));
            }
            match ready!(source.reader.poll_fill(context)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(BodyError::Ended)),
                Ok(_) => {}
            }
        }
    }

    fn count(&mut self, data: Bytes) -> Result<Frame<Bytes>, BodyError> {
        let sent = self.progress.sent.fetch_add(data.len() as u64, Ordering::Relaxed) + data.len() as u64;
        if sent > self.most {
            self.give_back(Some(BodyError::TooLarge));
            return Err(BodyError::TooLarge);
        }
        if self.decoder.is_done() {
            self.give_back(None);
        }
        Ok(Frame::data(data))
    }

    fn give_back(&mut self, error: Option<BodyError>) {
        self.progress
            .sent_all
            .store(error.is_none() && self.decoder.is_done(), Ordering::Release);
        if let Some(Source { reader, give_back }) = self.source.take() {
            let _ = give_back.send(ReturnedReader {
                reader,
                rest: self.decoder,
                error,
            });
        }
    }
}

impl Drop for StreamingBody {
    fn drop(&mut self) {
        if self.source.is_some() {
            self.give_back(Some(BodyError::GivenUp));
        }
    }
}

/// Trailers are passed on where they could not mean anything as headers that were already decided about.
fn allowed_trailers(mut trailers: HeaderMap) -> Option<HeaderMap> {
    let names: Vec<_> = trailers.keys().cloned().collect();
    for name in names {
        if field_kind(name.as_str()) != FieldKind::Plain {
            trailers.remove(name);
        }
    }
    (!trailers.is_empty()).then_some(trailers)
}

impl Body for GuestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Streaming(body) => body.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(body) => body.is_none(),
            Self::Streaming(body) => body.source.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64)),
            Self::Streaming(body) => body
                .decoder
                .left()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
