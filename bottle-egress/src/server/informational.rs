//! 1xx answers, on their way from an upstream's connection to the guest's.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use hyper::{HeaderMap, StatusCode};
use tokio::sync::Notify;

use crate::limits;

/// A 1xx answer.
#[derive(Debug)]
pub(super) struct Informational {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
}

/// The 1xx answers to one request that have not been passed on yet. Hardly any request has one.
#[derive(Debug, Default)]
pub(super) struct Told {
    waiting: Mutex<VecDeque<Informational>>,
    more: Notify,
}

impl Told {
    /// Keeps an answer for the guest, unless too many wait already.
    pub(super) fn tell(&self, status: StatusCode, headers: &HeaderMap) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < limits::INFORMATIONAL_ANSWERS {
            let headers = headers.clone();
            waiting.push_back(Informational { status, headers });
            self.more.notify_one();
        }
    }

    /// Waits for the next answer.
    pub(super) async fn next(&self) -> Informational {
        loop {
            if let Some(answer) = self.take() {
                return answer;
            }
            self.more.notified().await;
        }
    }

    fn take(&self) -> Option<Informational> {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}
