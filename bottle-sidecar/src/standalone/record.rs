//! Events of the proxy alone: lines in a file of bounded size, or nothing.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use bottle_wire::event::Event;
use tokio::sync::mpsc;

use super::StandaloneError;
use crate::limits::LOG_HOLD_BYTES;

/// The file and how much it holds.
#[derive(Debug)]
pub(crate) struct Record {
    file: File,
    bytes: u64,
    lost: u64,
}

/// Opens the file to append to.
pub(crate) fn open(path: Option<&Path>) -> Result<Option<Record>, StandaloneError> {
    let Some(path) = path else { return Ok(None) };
    let failed = |source| StandaloneError::Write {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).mode(0o600).open(path);
    let file = file.map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    Ok(Some(Record { file, bytes, lost: 0 }))
}

/// Takes every event, whether or not it is kept: a server whose events nobody takes refuses every request.
pub(crate) async fn all(mut events: mpsc::Receiver<Event>, mut record: Option<Record>) {
    while let Some(event) = events.recv().await {
        if let Some(record) = &mut record {
            record.keep(&event);
        }
    }
}

impl Record {
    fn keep(&mut self, event: &Event) {
        if self.append(event).is_err() {
            if self.lost == 0 {
                tracing::warn!(
                    most = LOG_HOLD_BYTES,
                    "the file of events is full or broken; further events are lost"
                );
            }
            self.lost += 1;
        }
    }

    fn append(&mut self, event: &Event) -> std::io::Result<()> {
        let mut line = serde_json::to_string(event)?;
        line.push('\n');
        if self.bytes + line.len() as u64 > LOG_HOLD_BYTES {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.file.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        Ok(())
    }
}
