//! Calls to the first process, and its answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bottle_supervise::server;
use bottle_wire::door::FromDoor;
use bottle_wire::supervise::{Ask, AskAnswer, AskError, AskRequest, Asked, Proposal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::limits::DESK_TIME;

/// The door's end of the channel. Every call is answered, so that none is kept for long.
#[derive(Debug)]
pub(super) struct Desk {
    clock: Clock,
    say: mpsc::Sender<FromDoor>,
    calls: Mutex<Calls>,
    /// None once nobody is to wait any more.
    decided: Mutex<Option<watch::Sender<u64>>>,
}

#[derive(Debug, Default)]
struct Calls {
    last: u64,
    waiting: BTreeMap<u64, oneshot::Sender<AskAnswer>>,
}

impl Desk {
    pub(super) fn new(clock: Clock, say: mpsc::Sender<FromDoor>) -> Self {
        Self {
            clock,
            say,
            calls: Mutex::default(),
            decided: Mutex::new(Some(watch::Sender::new(0))),
        }
    }

    /// Passes an answer on to whoever still waits for it.
    pub(super) fn answered(&self, call: u64, answer: AskAnswer) {
        let waiting = self.with_calls(|calls| calls.waiting.remove(&call));
        if let Some(waiting) = waiting {
            let _unheard = waiting.send(answer);
        }
    }

    /// Lets those who wait look again.
    pub(super) fn changed(&self) {
        if let Some(decided) = &*locked(&self.decided) {
            decided.send_modify(|number| *number = number.wrapping_add(1));
        }
    }

    /// Lets those who wait go with what they know.
    pub(super) fn end(&self) {
        locked(&self.decided).take();
    }

    async fn call(&self, request: AskRequest) -> AskAnswer {
        let (call, answered) = self.begin();
        let request = Box::new(request);
        let asked = async {
            // A first process that is gone ends this one too.
            let _gone = self.say.send(FromDoor::Ask { call, request }).await;
            answered.await
        };
        match timeout(DESK_TIME, asked).await {
            Ok(Ok(answer)) => answer,
            _ => AskAnswer::Refused(AskError::Unavailable("the sidecar does not answer".to_owned())),
        }
    }

    fn begin(&self) -> (u64, oneshot::Receiver<AskAnswer>) {
        let (answer, answered) = oneshot::channel();
        let call = self.with_calls(|calls| {
            calls.last += 1;
            calls.waiting.insert(calls.last, answer);
            calls.last
        });
        (call, answered)
    }

    fn with_calls<T>(&self, work: impl FnOnce(&mut Calls) -> T) -> T {
        work(&mut locked(&self.calls))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in there can be left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Ask for Desk {
    async fn ask(&self, proposal: Proposal) -> Result<Asked, AskError> {
        let proposal = Box::new(proposal);
        let words = String::new();
        match self.call(AskRequest::Put { proposal, words }).await {
            AskAnswer::Asked(asked) => Ok(asked),
            AskAnswer::Refused(error) => Err(error),
            _ => Err(AskError::Unavailable("the sidecar did not understand".to_owned())),
        }
    }
}

#[async_trait]
impl server::Desk for Desk {
    async fn ask(&self, request: AskRequest) -> AskAnswer {
        self.call(request).await
    }

    fn decided(&self) -> watch::Receiver<u64> {
        match &*locked(&self.decided) {
            Some(decided) => decided.subscribe(),
            None => watch::channel(0).1,
        }
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }
}
