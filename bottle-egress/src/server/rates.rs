//! How many requests a route has let out in the last minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::decide::Permit;

/// Counts by route pattern; a reload does not reset them.
#[derive(Debug)]
pub(super) struct Rates {
    start: Instant,
    windows: Mutex<HashMap<String, Window>>,
}

/// Counts of each second of the last minute and the one before, so that no minute anywhere holds more than the limit.
#[derive(Debug)]
struct Window {
    counts: [u32; SECONDS],
    second: u64,
}

const SECONDS: usize = 61;

impl Rates {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            windows: Mutex::default(),
        }
    }

    /// Counts a request; tells whether its route allows one more now.
    pub(super) fn admit(&self, permit: &Permit) -> bool {
        let Some(most) = permit.route().limits.requests_per_minute else {
            return true;
        };
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .entry(permit.rule().to_owned())
            .or_insert_with(Window::new);
        window.admit(self.start.elapsed().as_secs(), most)
    }
}

impl Window {
    const fn new() -> Self {
        Self {
            counts: [0; SECONDS],
            second: 0,
        }
    }

    fn admit(&mut self, second: u64, most: u32) -> bool {
        let passed = second.saturating_sub(self.second).min(SECONDS as u64);
        for step in 0..passed {
            if let Some(count) = self.slot(second - step) {
                *count = 0;
            }
        }
        self.second = self.second.max(second);
        let total: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        if total >= u64::from(most) {
            return false;
        }
        if let Some(count) = self.slot(second) {
            *count += 1;
        }
        true
    }

    fn slot(&mut self, second: u64) -> Option<&mut u32> {
        self.counts
            .get_mut(usize::try_from(second % SECONDS as u64).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_holds_more_than_the_limit() {
        let mut window = Window::new();
        assert!(window.admit(5, 2) && window.admit(30, 2));
        assert!(!window.admit(31, 2) && !window.admit(65, 2));
        assert!(window.admit(66, 2));
        assert!(!window.admit(90, 2));
        assert!(window.admit(91, 2));
        assert!(window.admit(1000, 2) && window.admit(1000, 2) && !window.admit(1000, 2));
    }

    #[test]
    fn a_limit_of_none_admits_none() {
        assert!(!Window::new().admit(0, 0));
    }
}
