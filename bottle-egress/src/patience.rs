//! A timer that is put off more often than it fires.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of one connection. Putting a deadline off costs nothing: the timer is looked at when it fires, and set
/// again if it was put off since. Every request sets several deadlines, and hardly any is ever reached.
#[derive(Debug)]
pub(crate) struct Patience {
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + FIRST));
        Self { timer }
    }

    /// Waits for a future, but not longer than so long.
    pub(crate) async fn wait<T>(&mut self, most: Duration, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut over = std::pin::pin!(self.pass(most));
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => over.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    /// Ends after so long.
    pub(crate) async fn pass(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        loop {
            if self.timer.deadline() > deadline || self.timer.is_elapsed() {
                self.timer.as_mut().reset(deadline);
            }
            self.timer.as_mut().await;
            if Instant::now() >= deadline {
                return;
            }
        }
    }
}

/// When the timer first fires, if nothing sets it before.
const FIRST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    async fn check_passes(patience: &mut Patience, seconds: u64) {
        let began = Instant::now();
        patience.pass(Duration::from_secs(seconds)).await;
        let took = began.elapsed();
        assert!(
            took >= Duration::from_secs(seconds) && took < Duration::from_secs(seconds + 1),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn time_passes_however_often_it_is_asked_for() {
        let mut patience = Patience::new();
        for seconds in [1, 300, 20, 20, 0, 7, 900, 1] {
            check_passes(&mut patience, seconds).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_is_waited_for_and_no_longer_than_allowed() {
        let mut patience = Patience::new();
        for _ in 0..3 {
            assert_eq!(
                patience.wait(Duration::from_secs(300), async { 1 }).await,
                Some(1)
            );
            let slow = tokio::time::sleep(Duration::from_secs(200));
            assert_eq!(patience.wait(Duration::from_secs(300), slow).await, Some(()));
            let never = std::future::pending::<()>();
            assert_eq!(patience.wait(Duration::from_secs(10), never).await, None);
        }
    }
}
