//! Images that are being made in this process: who needs the same one waits instead of making it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// A lock for each image that is being made.
#[derive(Debug, Default)]
pub(crate) struct Making(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

impl Making {
    /// Waits until nobody makes the image, and holds everybody else off.
    pub(super) async fn of(&self, reference: &str) -> OwnedMutexGuard<()> {
        self.lock(reference).lock_owned().await
    }

    fn lock(&self, reference: &str) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(reference).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(reference.to_owned(), Arc::downgrade(&lock));
        lock
    }
}
