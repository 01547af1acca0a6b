//! The reading side of a guest's connection while a request runs: here, or lent to the request's body.

use std::future::pending;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::http1::{BodyDecoder, BodyError, Framing, Reader};
use crate::limits;
use crate::upstream::ReturnedReader;

/// The reading side while a request runs.
#[derive(Debug)]
pub(super) struct Reading {
    lent: Option<oneshot::Receiver<ReturnedReader>>,
    here: Option<ReturnedReader>,
}

/// How long a body that was given up may take to give its reader back.
const RETURN_TIME: Duration = Duration::from_secs(1);

impl Reading {
    /// The request has no body.
    pub(super) const fn here(reader: Reader) -> Self {
        let rest = BodyDecoder::new(Framing::None);
        Self {
            lent: None,
            here: Some(ReturnedReader {
                reader,
                rest,
                error: None,
            }),
        }
    }

    /// The request's body has the reader.
    pub(super) const fn lent(lent: oneshot::Receiver<ReturnedReader>) -> Self {
        Self {
            lent: Some(lent),
            here: None,
        }
    }

    /// Ends when the guest closes its connection. What it sends meanwhile is kept for later, within bounds.
    pub(super) async fn guest_gone(&mut self) {
        if let Some(lent) = &mut self.lent {
            self.here = lent.await.ok();
            self.lent = None;
        }
        match &mut self.here {
            Some(here) if here.rest.is_done() => {
                while here.reader.buffer().len() < limits::READ_BYTES {
                    if matches!(here.reader.fill(limits::HEAD_READ_BYTES).await, Ok(0) | Err(_)) {
                        return;
                    }
                }
            }
            _ => {}
        }
        pending::<()>().await;
    }

    /// Returns the reader, once the body has ended or was dropped.
    pub(super) async fn returned(&mut self) -> Option<&mut ReturnedReader> {
        if let Some(lent) = self.lent.take() {
            self.here = timeout(RETURN_TIME, lent).await.ok().and_then(Result::ok);
        }
        self.here.as_mut()
    }

    /// Returns why the guest's body broke off, if it did.
    pub(super) async fn body_error(&mut self) -> Option<BodyError> {
        self.returned().await.and_then(|returned| returned.error)
    }

    /// Returns the reader itself.
    pub(super) async fn into_returned(mut self) -> Option<ReturnedReader> {
        self.returned().await?;
        self.here
    }
}
