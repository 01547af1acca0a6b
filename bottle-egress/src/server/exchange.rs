//! One permitted request and its answer, streamed both ways.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{oneshot, watch};

use super::answer;
use super::connection::{Connection, discard};
use super::events::Record;
use super::place::{Asked, Place};
use super::reading::Reading;
use super::relay::{Answer, Broken, Continue, Relay};
use super::requests::{Next, refuse};
use super::shared::Shared;
use crate::decide::{Permit, Refusal, Rule, decide};
use crate::http1::{BodyError, Framing, Head, Reader, Writer};
use crate::limits;
use crate::patience::Patience;
use crate::policy::CompiledRoute;
use crate::upstream::{GuestBody, Progress, ReturnedReader};

/// A permitted request.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) place: &'a Place,
    pub(super) head: &'a Head,
    pub(super) asked: &'a Asked,
    pub(super) route: Arc<CompiledRoute>,
}

/// How an exchange ended.
enum End {
    /// The answer was written to its end.
    Answered(Answer),
    /// Its guest is not there any more.
    GuestGone,
    /// Something said no.
    Refused(Refusal),
}

impl Exchange<'_> {
    /// Finds an address, sends the request and passes the answer on.
    pub(super) async fn run(
        self,
        connection: Connection,
        permit: Permit,
        reloads: watch::Receiver<()>,
        mut record: Record,
    ) -> Next {
        let to = match self.shared.resolver.addresses(&permit).await {
            Ok(to) => to,
            Err(refusal) => {
                record.refused(&refusal);
                return refuse(connection, self.head, &refusal, Some(&mut record)).await;
            }
        };
        let Connection {
            reader,
            mut writer,
            mut patience,
        } = connection;
        let (body, mut reading, gate) = self.body(reader, &record.progress);
        let progress = Arc::clone(&record.progress);
        let relay = Relay {
            exchange: &self,
            writer: &mut writer,
            record: &mut record,
        };
        let end = tokio::select! {
            biased;
            done = relay.run(permit, to, body, gate) => self.end(done),
            end = self.watch(&mut reading, reloads, &progress, &mut patience) => end,
        };
        match self.blame_the_body(end, &mut reading).await {
            End::Answered(answer) => self.finish(answer, reading, writer, patience).await,
            End::GuestGone => {
                record.failed();
                Next::Reset
            }
            End::Refused(refusal) => {
                record.refused(&refusal);
                self.give_up(reading, writer, patience, &refusal, &mut record)
                    .await
            }
        }
    }

    /// Makes a refusal of the request.
    pub(super) fn refusal(&self, rule: Rule) -> Refusal {
        Refusal::of(
            rule,
            &self.asked.facts(self.head, self.place),
            Some(self.route.name()),
        )
    }

    fn end(&self, done: Result<Answer, Broken>) -> End {
        match done {
            Ok(answer) => End::Answered(answer),
            Err(Broken::Guest) => End::GuestGone,
            Err(Broken::Upstream(refusal)) => End::Refused(refusal),
            Err(Broken::Answer(rule)) => End::Refused(self.refusal(rule)),
        }
    }

    /// An upstream connection also breaks when the guest's own body does.
    async fn blame_the_body(&self, end: End, reading: &mut Reading) -> End {
        let End::Refused(refusal) = end else { return end };
        match reading.body_error().await {
            Some(BodyError::TooLarge) => End::Refused(self.refusal(Rule::BodySize)),
            Some(error @ (BodyError::Chunk | BodyError::Trailers)) => {
                End::Refused(self.refusal(Rule::Malformed).because(error.to_string()))
            }
            Some(BodyError::Ended) => End::GuestGone,
            Some(BodyError::GivenUp) | None => End::Refused(refusal),
        }
    }

    /// Lends the reading side to the request's body, if it has one.
    fn body(&self, reader: Reader, progress: &Arc<Progress>) -> (GuestBody, Reading, Continue) {
        if let Some(content) = &self.asked.content {
            progress.sent.store(content.len() as u64, Ordering::Relaxed);
            let body = GuestBody::Whole(Some(content.clone()));
            return (body, Reading::here(reader), Continue::Not);
        }
        if self.head.unread == Framing::None {
            return (GuestBody::Empty, Reading::here(reader), Continue::Not);
        }
        let (open, gate) = match self.head.expects_continue {
            true => {
                let (open, gate) = oneshot::channel();
                (Continue::Waiting(open), Some(gate))
            }
            false => (Continue::Not, None),
        };
        let most = self.route.plan().limits.body.map(|size| size.bytes());
        let (body, lent) = GuestBody::streaming(reader, self.head.framing, most, gate, Arc::clone(progress));
        (body, Reading::lent(lent), open)
    }

    /// Ends when the guest leaves, the policy changes its mind, or nothing moves. Most requests are over before there is
    /// anything to watch.
    async fn watch(
        &self,
        reading: &mut Reading,
        reloads: watch::Receiver<()>,
        progress: &Progress,
        patience: &mut Patience,
    ) -> End {
        patience.pass(limits::WATCH_AFTER).await;
        tokio::select! {
            () = reading.guest_gone() => End::GuestGone,
            () = self.revoked(reloads) => End::Refused(self.refusal(Rule::Revoked)),
            () = stalled(progress, patience) => End::Refused(self.refusal(Rule::Stalled)),
        }
    }

    /// Ends when a reload takes the permission back.
    async fn revoked(&self, mut reloads: watch::Receiver<()>) {
        while reloads.changed().await.is_ok() {
            if decide(&self.shared.policy(), &self.asked.facts(self.head, self.place)).is_err() {
                return;
            }
        }
        pending::<()>().await;
    }

    async fn finish(&self, answer: Answer, reading: Reading, mut writer: Writer, patience: Patience) -> Next {
        if writer.finish().await.is_err() {
            return Next::Reset;
        }
        let Some(ReturnedReader { mut reader, rest, .. }) = reading.into_returned().await else {
            return Next::Reset;
        };
        let close = self.head.close || answer == Answer::InsteadOfBody;
        let keep = !close && (rest.is_done() || discard(&mut reader, rest, limits::LINGER_TIME).await);
        let connection = Connection {
            reader,
            writer,
            patience,
        };
        if keep {
            Next::Keep(connection)
        } else {
            Next::Close(connection)
        }
    }

    /// Says why, if nothing was said yet; half an answer is cut off instead.
    async fn give_up(
        &self,
        reading: Reading,
        mut writer: Writer,
        patience: Patience,
        refusal: &Refusal,
        record: &mut Record,
    ) -> Next {
        if writer.has_begun() {
            return Next::Reset;
        }
        record.status = Some(refusal.rule().status().as_u16());
        let close = self.head.close || self.head.unread != Framing::None;
        if answer::refuse(&mut writer, refusal, &self.head.method, close)
            .await
            .is_err()
        {
            return Next::Reset;
        }
        let Some(ReturnedReader { reader, .. }) = reading.into_returned().await else {
            return Next::Reset;
        };
        let connection = Connection {
            reader,
            writer,
            patience,
        };
        if close {
            Next::Close(connection)
        } else {
            Next::Keep(connection)
        }
    }
}

/// Ends when no byte of a body went either way for too long.
async fn stalled(progress: &Progress, patience: &mut Patience) {
    let (mut seen, mut quiet) = (0, 0);
    while quiet < 4 {
        patience.pass(limits::STALL / 4).await;
        let now = progress.sent() + progress.received();
        quiet = if now == seen { quiet + 1 } else { 0 };
        seen = now;
    }
}
