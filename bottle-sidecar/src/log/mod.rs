//! The event log: chained lines in files of bounded size, with one writer.
//!
//! When it is nearly full, or cannot be written, the doors are to refuse. What still comes is counted; draining makes
//! room again, and the first line after a gap says how much is missing.

mod repeats;
mod segment;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use bottle_plan::door::Door;
use bottle_util::Secret;
use bottle_wire::chain::{Head, Line};
use bottle_wire::event::{Event, What};
use tokio::time::Instant;

use crate::limits::{DRAIN_BYTES, LINE_BYTES, LOG_BYTES, LOG_HOLD_BYTES, LOG_RETRY, SEGMENT_BYTES};
use repeats::Repeats;
use segment::Segment;

/// The open log.
#[derive(Debug)]
pub(crate) struct EventLog {
    folder: PathBuf,
    key: Secret,
    bounds: Bounds,
    head: Head,
    /// Oldest first; the last one is written to.
    segments: VecDeque<Segment>,
    repeats: Repeats,
    /// Events that were lost since the last line, and the last of them.
    gap: u64,
    missing: Option<(u64, Door)>,
    lost: u64,
    /// When it is tried again, after it could not be written.
    retry: Option<Instant>,
    full: bool,
}

/// How large a log and its files may grow, in bytes.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// From here on the doors are to refuse.
    hold: u64,
    log: u64,
    segment: u64,
}

/// Room beyond the bound that is kept for saying, when it is drained, how much is missing.
const LOSS_BYTES: u64 = 64 << 10;

/// Lines for one answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    /// Whole lines without their ends.
    pub(crate) lines: Vec<String>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// Says why there is no log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// A file of the log cannot be read or mended.
    #[error("cannot open the event log in {}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What is there was written under another key, or was changed.
    #[error("the event log in {} does not end as this bottle's key says", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
}

impl EventLog {
    /// Opens the log of a folder and goes on where it ends; a line that was cut off by a crash is removed.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read, or its last lines are not bound by `key`.
    pub(crate) fn open(folder: &Path, key: Secret) -> Result<Self, OpenError> {
        let bounds = Bounds {
            hold: LOG_HOLD_BYTES,
            log: LOG_BYTES,
            segment: SEGMENT_BYTES,
        };
        Self::open_within(folder, key, bounds)
    }

    fn open_within(folder: &Path, key: Secret, bounds: Bounds) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io {
            path: folder.to_owned(),
            source,
        };
        let mut segments = segment::find(folder).map_err(failed)?;
        let ending = ending_of(&mut segments).map_err(failed)?;
        let Some(head) = head_of(&ending, key.expose().as_bytes()) else {
            let path = folder.to_owned();
            return Err(OpenError::Foreign { path });
        };
        Ok(Self {
            folder: folder.to_owned(),
            key,
            bounds,
            head,
            segments,
            repeats: Repeats::default(),
            gap: 0,
            missing: None,
            lost: 0,
            retry: None,
            full: false,
        })
    }

    /// Adds an event, counts it as a repeat, or counts it as lost; returns its number when it was added.
    pub(crate) fn append(&mut self, event: Event) -> Option<u64> {
        if self.repeats.count(&event) {
            return None;
        }
        if let What::Lost { count } = event.what {
            // A door says what it refused while it was held.
            self.lost += count;
        }
        let remembered = event.clone();
        let seq = self.keep(event)?;
        if let Some(repeated) = self.repeats.remember(&remembered, seq) {
            self.keep(repeated);
        }
        Some(seq)
    }

    /// Records what was repeated long ago, and tries again what could not be written.
    pub(crate) fn be_late(&mut self, now: Instant) {
        for repeated in self.repeats.due(now) {
            self.keep(repeated);
        }
        if self.retry.is_some_and(|retry| retry <= now) {
            self.retry = Some(now + LOG_RETRY);
            self.close_gap(0);
        }
    }

    /// Returns when something must happen although no event came.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.retry.into_iter().chain(self.repeats.deadline()).min()
    }

    /// Records every repeat that was only counted so far.
    pub(crate) fn flush(&mut self) {
        for repeated in self.repeats.all() {
            self.keep(repeated);
        }
        self.close_gap(LOSS_BYTES);
    }

    /// Tells whether the doors are to refuse: there is hardly any room, or it cannot be written. Once it is full, a
    /// good deal must be drained before it is not.
    pub(crate) fn is_full(&mut self) -> bool {
        let bound = match self.full {
            true => self.bounds.hold - self.bounds.hold / 4,
            false => self.bounds.hold,
        };
        self.full = self.size() >= bound || self.retry.is_some();
        self.full
    }

    /// Returns how many events were lost since the log was opened.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Returns lines after a sequence number, which also says that those up to it are kept elsewhere: files that hold
    /// nothing else are removed.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub(crate) fn drain(&mut self, after: u64) -> io::Result<Drained> {
        self.remove_through(after);
        // The last losses too: nothing may come after them.
        self.flush();
        let mut drained = Drained {
            lines: Vec::new(),
            more: false,
        };
        let mut bytes = 0;
        for segment in &self.segments {
            for line in segment.lines()? {
                let line = line?;
                if segment::sequence(&line).is_none_or(|seq| seq <= after) {
                    continue;
                }
                bytes += line.len();
                if bytes > DRAIN_BYTES && !drained.lines.is_empty() {
                    drained.more = true;
                    return Ok(drained);
                }
                drained.lines.push(line);
            }
        }
        Ok(drained)
    }

    /// Writes an event, after what is missing before it, and returns its number; or counts it as lost.
    fn keep(&mut self, event: Event) -> Option<u64> {
        let (time, door) = (event.time, event.door);
        let events = match &event.what {
            What::Repeated { count, .. } | What::Lost { count } => *count,
            _ => 1,
        };
        let is_loss = matches!(event.what, What::Lost { .. });
        if self.close_gap(0) && self.try_write(event, 0) {
            return Some(self.head.seq);
        }
        self.gap += events;
        if !is_loss {
            self.lost += events;
        }
        self.missing = Some((time, door));
        None
    }

    /// Says how many events are missing, if any are. Tells whether none is left to be said.
    fn close_gap(&mut self, beyond: u64) -> bool {
        let Some((time, door)) = self.missing else {
            return true;
        };
        let what = What::Lost { count: self.gap };
        let closed = self.try_write(Event { time, door, what }, beyond);
        if closed {
            self.gap = 0;
            self.missing = None;
        }
        closed
    }

    /// Writes a line. What the file system refuses is tried again later; what is too much is not.
    fn try_write(&mut self, event: Event, beyond: u64) -> bool {
        match self.write(event, beyond) {
            Ok(()) => {
                self.retry = None;
                true
            }
            Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => false,
            Err(error) => {
                tracing::error!(%error, "the event log cannot be written");
                self.retry.get_or_insert_with(|| Instant::now() + LOG_RETRY);
                false
            }
        }
    }

    fn write(&mut self, event: Event, beyond: u64) -> io::Result<()> {
        let mut head = self.head.clone();
        let line = head.append(self.key.expose().as_bytes(), event)?;
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        let length = text.len() as u64;
        if text.len() > LINE_BYTES || self.size() + length > self.bounds.log + beyond {
            // Our own bound, and not the file system's.
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        self.segment_for(length, line.seq)?.append(&text)?;
        self.head = head;
        Ok(())
    }

    fn segment_for(&mut self, length: u64, first: u64) -> io::Result<&mut Segment> {
        let full = |segment: &Segment| segment.bytes() + length > self.bounds.segment;
        if self.segments.back().is_none_or(full) {
            self.segments.push_back(Segment::create(&self.folder, first)?);
        }
        self.segments
            .back_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn remove_through(&mut self, after: u64) {
        while let Some(next) = self.segments.get(1) {
            // A file without a line cannot tell where the chain stands.
            if next.first() > after.saturating_add(1) || next.bytes() == 0 {
                return;
            }
            // What cannot be removed stays and counts, until the log is full.
            match self.segments.front().map(Segment::remove) {
                Some(Ok(())) => self.segments.pop_front(),
                _ => return,
            };
        }
    }

    fn size(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }
}

/// Returns the last lines of all, and removes files that a crash left without one.
fn ending_of(segments: &mut VecDeque<Segment>) -> io::Result<Vec<Line>> {
    while let Some(last) = segments.back_mut() {
        let ending = last.mend()?;
        if !ending.is_empty() {
            return Ok(ending);
        }
        last.remove()?;
        segments.pop_back();
    }
    Ok(Vec::new())
}

/// Returns the head that the last lines end at, if they are bound to each other by the key.
fn head_of(ending: &[Line], key: &[u8]) -> Option<Head> {
    let (last, before) = match ending {
        [] => return Some(Head::start()),
        [last] if last.seq == 1 => (last, Head::start()),
        // The first line of a file whose predecessor was drained: nothing is left to check it by.
        [last] => return Some(head_at(last)),
        [.., before, last] => (last, head_at(before)),
    };
    let mut head = before;
    let bound = head.append(key, last.event.clone()).ok()?;
    (bound == *last).then_some(head)
}

fn head_at(line: &Line) -> Head {
    Head {
        seq: line.seq,
        hash: line.hash.clone(),
    }
}
