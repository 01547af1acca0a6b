//! From a job to a report.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use super::facts::{self, Repository};
use super::objects::{self, Batch, Sink};
use super::scan::Scan;
use super::{Job, Report, extra};
use crate::object_id::ObjectId;

/// Examines a push; what goes wrong is in the report.
pub(super) fn examine(job: &Job) -> Report {
    match try_examine(job) {
        Ok(report) => report,
        Err(error) => Report {
            failed: Some(error.to_string()),
            ..Report::default()
        },
    }
}

fn try_examine(job: &Job) -> io::Result<Report> {
    let repository = Repository(job);
    let contents = facts::contents(&repository)?;
    let mut scan = Scan::new(job);
    for (place, text) in &job.texts {
        scan.text(place, text);
    }
    let tips: Vec<&ObjectId> = job.refs.iter().filter_map(|(_, new)| new.as_ref()).collect();
    let objects = match tips.is_empty() {
        true => 0,
        false => read_new(&repository, &tips, &mut scan)?,
    };
    let ci_files = facts::ci_files(&repository)?;
    let (mut findings, unread) = scan.finish();
    for scanner in &job.scanners {
        findings.extend(extra::read(&repository, &tips, scanner)?);
    }
    Ok(Report {
        failed: None,
        contents,
        ci_files,
        findings,
        unread,
        objects,
    })
}

/// Reads every object that the upstream does not have; one that is missing fails the whole.
pub(super) fn read_new(
    repository: &Repository<'_>,
    tips: &[&ObjectId],
    sink: &mut impl Sink,
) -> io::Result<u64> {
    let listing = repository
        .call()
        .args(["rev-list", "--objects", "--in-commit-order", "--reverse"])
        .args(tips.iter().map(|tip| tip.as_str()))
        .args(["--not", "--all", "--"]);
    let mut command = listing.command();
    let mut lister = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let lines = lister.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    let count = {
        let mut batch = Batch::start(repository)?;
        let mut lines = BufReader::new(lines);
        objects::read_all(&mut lines, &mut batch, sink)?
    };
    expect_success(&mut lister)?;
    Ok(count)
}

fn expect_success(child: &mut Child) -> io::Result<()> {
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        // What is missing is said at the end; a flood is cut.
        let _cut = BufReader::new(stderr).take(64 << 10).read_to_string(&mut said);
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => {
            let last = said.lines().last().unwrap_or("git gave no reason");
            Err(io::Error::other(format!(
                "the objects do not connect to what the upstream has: {last}"
            )))
        }
    }
}

/// Reads one line without its end; none at the end of the stream.
pub(super) fn read_line(lines: &mut impl BufRead, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = lines.take(most).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::Error::other("a line that does not end"));
    }
    Ok(Some(line))
}
