//! Somebody on the host who uses a file all the time, and has it locked.

use std::fs::File;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;

const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Busy {
    _locked: File,
    end: Option<Sender<()>>,
    user: Option<JoinHandle<()>>,
}

impl Busy {
    pub(super) fn with(file: &Path) -> Result<Self> {
        let locked = File::open(file)?;
        locked.lock()?;
        let (end, ended) = channel();
        let file = file.to_owned();
        let user = thread::spawn(move || use_until(&ended, &file));
        Ok(Self {
            _locked: locked,
            end: Some(end),
            user: Some(user),
        })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        drop(self.end.take());
        // Its end is all that is wanted.
        let _ = self.user.take().map(JoinHandle::join);
    }
}

fn use_until(ended: &Receiver<()>, file: &Path) {
    while ended
        .recv_timeout(PAUSE)
        .is_err_and(|why| why == std::sync::mpsc::RecvTimeoutError::Timeout)
    {
        // The file may be gone already.
        let _ = std::fs::read(file);
    }
}
