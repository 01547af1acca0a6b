//! Every new object, as the bytes that git hashes.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use super::examine::read_line;
use super::facts::Repository;
use crate::object_id::ObjectId;

/// The most objects that are asked for and not read.
const AHEAD: usize = 4096;
/// The longest line that a lister prints: a path of git's and more.
const LINE_BYTES: u64 = 64 << 10;
/// How much of an object is read at once.
const CHUNK: usize = 256 << 10;

/// A `git cat-file` that answers one object after the other.
pub(super) struct Batch {
    child: Child,
    answers: BufReader<ChildStdout>,
    questions: Option<ChildStdin>,
}

/// What takes objects, one after the other, in pieces.
pub(super) trait Sink {
    /// An object begins.
    fn begin(&mut self, object: &Listed, kind: &str, size: u64) -> io::Result<()>;
    /// Some of its bytes.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// It has ended.
    fn end(&mut self) -> io::Result<()>;
}

/// An object and where it stands.
pub(super) struct Listed {
    pub(super) id: ObjectId,
    /// The path at which it was met first; empty for commits and roots.
    pub(super) path: Vec<u8>,
    /// Whether it stood alone, as commits do.
    pub(super) is_bare: bool,
}

impl Batch {
    pub(super) fn start(repository: &Repository<'_>) -> io::Result<Self> {
        let mut command = repository
            .call()
            .args(["cat-file", "--batch", "--buffer"])
            .command();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let answers = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        let questions = child.stdin.take();
        Ok(Self {
            child,
            answers: BufReader::with_capacity(CHUNK, answers),
            questions,
        })
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _collected = self.child.wait();
    }
}

/// Reads all objects that a lister names and returns how many they were.
pub(super) fn read_all(
    lines: &mut (impl BufRead + Send),
    batch: &mut Batch,
    sink: &mut impl Sink,
) -> io::Result<u64> {
    let questions = batch
        .questions
        .take()
        .ok_or_else(|| io::Error::other("no pipe"))?;
    let (sender, listed) = sync_channel(AHEAD);
    std::thread::scope(|scope| {
        let asking = scope.spawn(move || {
            let mut questions = BufWriter::new(questions);
            while let Some(line) = read_line(lines, LINE_BYTES)? {
                let listed = Listed::read(&line)?;
                writeln!(questions, "{}", listed.id)?;
                if sender.send(listed).is_err() {
                    break;
                }
            }
            questions.flush()
        });
        let read = answer_all(&listed, batch, sink);
        drop(listed);
        let asked = asking
            .join()
            .map_err(|_| io::Error::other("the lister's thread ended"))?;
        let count = read?;
        asked.map(|()| count)
    })
}

fn answer_all(listed: &Receiver<Listed>, batch: &mut Batch, sink: &mut impl Sink) -> io::Result<u64> {
    let mut count = 0;
    for object in listed {
        answer(&object, batch, sink)?;
        count += 1;
    }
    Ok(count)
}

fn answer(object: &Listed, batch: &mut Batch, sink: &mut impl Sink) -> io::Result<()> {
    let head =
        read_line(&mut batch.answers, LINE_BYTES)?.ok_or_else(|| io::Error::other("git cat-file ended"))?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut words = head.split(' ');
    let (id, kind, size) = (
        words.next(),
        words.next(),
        words.next().and_then(|size| size.parse::<u64>().ok()),
    );
    let (Some(kind), Some(size), true) = (kind, size, id == Some(object.id.as_str())) else {
        return Err(io::Error::other(format!("object {} is missing", object.id)));
    };
    sink.begin(object, kind, size)?;
    let mut left = (&mut batch.answers).take(size);
    loop {
        let piece = left.fill_buf()?;
        if piece.is_empty() {
            break;
        }
        sink.push(piece)?;
        let length = piece.len();
        left.consume(length);
    }
    if left.limit() > 0 {
        return Err(io::Error::other("git cat-file ended within an object"));
    }
    sink.end()?;
    let mut end = [0];
    batch.answers.read_exact(&mut end)
}

impl Listed {
    fn read(line: &[u8]) -> io::Result<Self> {
        let space = line.iter().position(|byte| *byte == b' ');
        let (id, path) = line.split_at(space.unwrap_or(line.len()));
        let id = String::from_utf8_lossy(id).parse().map_err(io::Error::other)?;
        let path = path.get(1..).unwrap_or_default().to_vec();
        Ok(Self {
            id,
            path,
            is_bare: space.is_none(),
        })
    }
}
