//! One file of the log, named after the sequence number of its first line.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bottle_wire::chain::Line;

const PREFIX: &str = "events-";
const SUFFIX: &str = ".jsonl";

/// One file.
#[derive(Debug)]
pub(super) struct Segment {
    first: u64,
    path: PathBuf,
    bytes: u64,
}

/// Finds the files of a folder, oldest first.
pub(super) fn find(folder: &Path) -> io::Result<VecDeque<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let first = name.to_str().and_then(first_of);
        if let Some(first) = first.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            found.push(Segment {
                first,
                path: entry.path(),
                bytes: entry.metadata()?.len(),
            });
        }
    }
    found.sort_by_key(|segment| segment.first);
    Ok(found.into())
}

/// Reads the sequence number at the start of a line without reading the rest.
pub(super) fn sequence(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("{\"seq\":")?;
    rest.split_once(',')?.0.parse().ok()
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    digits.parse().ok()
}

impl Segment {
    /// Begins an empty file.
    pub(super) fn create(folder: &Path, first: u64) -> io::Result<Self> {
        let path = folder.join(format!("{PREFIX}{first:020}{SUFFIX}"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&path)?;
        Ok(Self {
            first,
            path,
            bytes: 0,
        })
    }

    /// Returns the sequence number of the first line.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Returns the size.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a line with its end, wholly or not at all.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        // What an earlier write left that could not be taken back.
        if file.metadata()?.len() != self.bytes {
            file.set_len(self.bytes)?;
        }
        if let Err(error) = file.write_all(line.as_bytes()) {
            file.set_len(self.bytes)?;
            return Err(error);
        }
        self.bytes += line.len() as u64;
        Ok(())
    }

    /// Reads every whole line.
    pub(super) fn lines(&self) -> io::Result<io::Lines<BufReader<io::Take<File>>>> {
        Ok(BufReader::new(File::open(&self.path)?.take(self.bytes)).lines())
    }

    /// Removes the file.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Cuts off what was not written to its end, and returns the last two lines.
    pub(super) fn mend(&mut self) -> io::Result<Vec<Line>> {
        let mut reader = BufReader::new(File::open(&self.path)?);
        let (mut good, mut text, mut ending) = (0, String::new(), Vec::new());
        while reader.read_line(&mut text)? > 0 {
            let Some(line) = text.strip_suffix('\n') else {
                break;
            };
            ending.push(serde_json::from_str(line)?);
            good += text.len() as u64;
            if ending.len() > 2 {
                ending.remove(0);
            }
            text.clear();
        }
        if good < self.bytes {
            OpenOptions::new().write(true).open(&self.path)?.set_len(good)?;
            self.bytes = good;
        }
        Ok(ending)
    }
}
