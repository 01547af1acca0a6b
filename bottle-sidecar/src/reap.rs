//! Collecting ended children, those of ended children among them: a first process inherits them all.

use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

/// Collects every child that has ended and says which ones, without waiting.
pub(crate) fn reap(mut ended: impl FnMut(Pid, WaitStatus)) {
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        ended(pid, status);
    }
}
