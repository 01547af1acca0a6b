//! Sends a permitted request and writes the answer to the guest, piece by piece as it comes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use hyper::{HeaderMap, Request, Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::events::Record;
use super::exchange::Exchange;
use super::informational::{Informational, Told};
use super::response;
use crate::address::CheckedAddresses;
use crate::decide::{Permit, Refusal, Rule};
use crate::http1::{AnswerHead, AnswerLength, Writer};
use crate::limits;
use crate::scrub::{ScrubState, Scrubber};
use crate::upstream::{Answered, GuestBody};

/// The answering half of an exchange.
pub(super) struct Relay<'a, 'e> {
    pub(super) exchange: &'a Exchange<'e>,
    pub(super) writer: &'a mut Writer,
    pub(super) record: &'a mut Record,
}

/// Who broke an exchange off.
pub(super) enum Broken {
    /// The guest takes no more.
    Guest,
    /// The upstream did not answer.
    Upstream(Refusal),
    /// The upstream's answer cannot be passed on.
    Answer(Rule),
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A request.
    Complete,
    /// A request whose guest still waits for leave to send its body, and may now send it or not.
    InsteadOfBody,
}

/// Whether the guest waits for leave to send its body.
pub(super) enum Continue {
    /// It does not.
    Not,
    /// It does; its body flows once this is used.
    Waiting(oneshot::Sender<()>),
}

impl Relay<'_, '_> {
    pub(super) async fn run(
        mut self,
        permit: Permit,
        to: CheckedAddresses,
        body: GuestBody,
        gate: Continue,
    ) -> Result<Answer, Broken> {
        let whole_body = !matches!(body, GuestBody::Streaming(_));
        let (answered, gate) = self.send(permit, to, body, gate).await?;
        let Answered { response, lease } = answered;
        let answer = match gate {
            Continue::Not => Answer::Complete,
            Continue::Waiting(_) => Answer::InsteadOfBody,
        };
        self.answer(response, answer).await?;
        if whole_body || self.record.progress.sent_all.load(Ordering::Acquire) {
            lease.keep();
        }
        drop(gate);
        Ok(answer)
    }

    /// Waits for the answer's head. The gate is returned too: dropping it would break the request's body off.
    async fn send(
        &mut self,
        permit: Permit,
        to: CheckedAddresses,
        body: GuestBody,
        mut gate: Continue,
    ) -> Result<(Answered, Continue), Broken> {
        let told = Arc::new(Told::default());
        let prepare = |request: &mut Request<GuestBody>| {
            let told = Arc::clone(&told);
            hyper::ext::on_informational(request, move |answer| {
                told.tell(answer.status(), answer.headers());
            });
        };
        let exchange = self.exchange;
        let sending = exchange
            .shared
            .pool
            .send(permit, to, exchange.head, body, prepare);
        tokio::pin!(sending);
        let patience = sleep_until(Instant::now() + limits::CONTINUE_TIME);
        tokio::pin!(patience);
        loop {
            let waits = matches!(gate, Continue::Waiting(_));
            tokio::select! {
                biased;
                answered = &mut sending => return Ok((answered.map_err(Broken::Upstream)?, gate)),
                answer = told.next() => gate = self.inform(answer, gate).await?,
                () = &mut patience, if waits => gate = self.go_on(gate).await?,
            }
        }
    }

    async fn inform(&mut self, answer: Informational, gate: Continue) -> Result<Continue, Broken> {
        if answer.status == StatusCode::CONTINUE {
            return self.go_on(gate).await;
        }
        let Informational { status, mut headers } = answer;
        response::clean(&mut headers, self.exchange.route.credential());
        let written = self.writer.informational(status, &headers).await;
        written.map_err(|_| Broken::Guest)?;
        Ok(gate)
    }

    /// Tells a waiting guest to send its body, and lets the body flow.
    async fn go_on(&mut self, gate: Continue) -> Result<Continue, Broken> {
        if let Continue::Waiting(open) = gate {
            let written = self
                .writer
                .informational(StatusCode::CONTINUE, &HeaderMap::new())
                .await;
            written.map_err(|_| Broken::Guest)?;
            let _ = open.send(());
        }
        Ok(Continue::Not)
    }

    async fn answer(&mut self, response: Response<Incoming>, answer: Answer) -> Result<(), Broken> {
        let credential = self.exchange.route.credential();
        response::check(&response, credential.is_some()).map_err(Broken::Answer)?;
        let method = &self.exchange.head.method;
        let length = response::length(&response, method);
        let (mut parts, body) = response.into_parts();
        let said = parts.headers.get(CONTENT_LENGTH).cloned();
        response::clean(&mut parts.headers, credential);
        if length == AnswerLength::Bodiless {
            response::keep_length(said, &mut parts.headers);
        }
        self.record.status = Some(parts.status.as_u16());
        self.writer.head(&AnswerHead {
            status: parts.status,
            headers: &parts.headers,
            length,
            close: self.exchange.head.close || answer == Answer::InsteadOfBody,
        });
        let scrubber = credential.map(|credential| Arc::clone(credential.scrubber()));
        self.body(body, scrubber.as_deref()).await
    }

    /// Passes the body on. What is there is written together; nothing waits for what is not there yet.
    async fn body(&mut self, mut body: Incoming, scrubber: Option<&Scrubber>) -> Result<(), Broken> {
        let mut state = ScrubState::default();
        let mut trailers = None;
        while !body.is_end_stream() {
            let frame = match body.frame().now_or_never() {
                Some(frame) => frame,
                None => {
                    self.writer.flush().await.map_err(|_| Broken::Guest)?;
                    body.frame().await
                }
            };
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|_| Broken::Answer(Rule::UpstreamBroke))?;
            match frame.into_data().map_err(Frame::into_trailers) {
                Ok(data) => self.data(data, scrubber, &mut state).await?,
                Err(Ok(mut fields)) => {
                    response::clean(&mut fields, self.exchange.route.credential());
                    trailers = Some(fields);
                }
                Err(Err(_)) => {}
            }
        }
        if let Some(scrubber) = scrubber {
            let held = scrubber.finish(&mut state);
            self.writer.data(held).await.map_err(|_| Broken::Guest)?;
        }
        self.writer.end(trailers.as_ref());
        self.writer.flush().await.map_err(|_| Broken::Guest)
    }

    async fn data(
        &mut self,
        data: Bytes,
        scrubber: Option<&Scrubber>,
        state: &mut ScrubState,
    ) -> Result<(), Broken> {
        let length = data.len() as u64;
        let data = match scrubber {
            Some(scrubber) => scrubber.push(state, data),
            None => data,
        };
        self.writer.data(data).await.map_err(|_| Broken::Guest)?;
        self.record.progress.received.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }
}
