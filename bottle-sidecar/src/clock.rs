//! The wall clock of the host, carried on: the sidecar reads none of its own.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A clock that was set once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Milliseconds since 1970 when the machine's own clock stood at zero.
    at_zero: u64,
}

impl Clock {
    /// Sets a clock to a number of milliseconds since 1970.
    pub(crate) fn set(now: u64) -> Self {
        Self {
            at_zero: now.saturating_sub(since_start_of_machine()),
        }
    }

    /// Returns milliseconds since 1970.
    pub(crate) fn now(self) -> u64 {
        self.at_zero.saturating_add(since_start_of_machine())
    }
}

/// Unlike the monotonic clock, this one goes on while the machine sleeps.
fn since_start_of_machine() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let duration = Duration::try_from(time).unwrap_or_default();
    u64::try_from(duration.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_on_from_what_it_was_set_to() {
        let clock = Clock::set(1_000_000_000_000);
        let later = clock.now();
        assert!((1_000_000_000_000..1_000_000_010_000).contains(&later), "{later}");
        assert_eq!(Clock::set(0).at_zero, 0);
    }
}
