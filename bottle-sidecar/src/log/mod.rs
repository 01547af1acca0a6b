//! The event log: chained lines in files of bounded size, with one writer.
//!
//! When it is full it stops and counts; draining makes room again, and the first line after a gap says how much is
//! missing.

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

use crate::limits::{DRAIN_BYTES, LINE_BYTES, LOG_BYTES, SEGMENT_BYTES};
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
    /// Events that were lost since the last line.
    gap: u64,
    lost: u64,
}

/// How large a log and its files may grow, in bytes.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    log: u64,
    segment: u64,
}

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
            gap: 0,
            lost: 0,
        })
    }

    /// Adds an event, or counts it as lost.
    pub(crate) fn append(&mut self, event: Event) {
        let door = event.door;
        let time = event.time;
        let kept = self.close_gap(time, door).and_then(|()| self.write(event));
        if kept.is_err() {
            self.gap += 1;
            self.lost += 1;
        }
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

    fn close_gap(&mut self, time: u64, door: Door) -> io::Result<()> {
        if self.gap > 0 {
            let what = What::Lost { count: self.gap };
            self.write(Event { time, door, what })?;
            self.gap = 0;
        }
        Ok(())
    }

    fn write(&mut self, event: Event) -> io::Result<()> {
        let mut head = self.head.clone();
        let line = head.append(self.key.expose().as_bytes(), event)?;
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        let length = text.len() as u64;
        if text.len() > LINE_BYTES || self.size() + length > self.bounds.log {
            return Err(io::ErrorKind::StorageFull.into());
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
