//! What a broken promise has started is removed all the same.

use std::any::Any;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use bottle_plan::names::Identity;

use super::Harness;
use super::bottles::chain;

thread_local! {
    /// The names that bodies on this thread have taken: each test has a thread, and a runtime on it, of its own.
    static TAKEN: RefCell<Vec<Identity>> = const { RefCell::new(Vec::new()) };
}

/// Notes a name that is about to be given to a bottle.
pub(super) fn taken(identity: &Identity) {
    TAKEN.with_borrow_mut(|taken| taken.push(identity.clone()));
}

/// Runs a body. When it panics, every bottle whose name it has taken is removed before the panic goes on.
pub async fn leaving_nothing(harness: &dyn Harness, body: impl Future<Output = ()>) {
    if let Some(panic) = panic_of(harness, body).await {
        resume_unwind(panic);
    }
}

/// Returns the panic that a body ended with, once what the body has started is removed.
pub(super) async fn panic_of(
    harness: &dyn Harness,
    body: impl Future<Output = ()>,
) -> Option<Box<dyn Any + Send>> {
    let mut body = pin!(body);
    let ended = poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(None),
            Err(panic) => Poll::Ready(Some(panic)),
        },
    );
    let panic = ended.await?;
    for identity in TAKEN.take() {
        if let Err(error) = harness.backend().remove(&identity).await {
            eprintln!("{identity} may be left over: {}", chain(&error));
        }
    }
    Some(panic)
}
