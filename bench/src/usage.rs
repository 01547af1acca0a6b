//! What a process and its descendants use, as the kernel counts it.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

/// What a tree of processes has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Usage {
    /// Processor time in user and system mode, in microseconds.
    pub(crate) cpu: f64,
    /// Resident memory now, in kibibytes.
    pub(crate) resident: u64,
    /// The most resident memory since the last call of [`forget_peak`], in kibibytes.
    pub(crate) peak: u64,
}

struct Process {
    id: u32,
    parent: u32,
    ticks: u64,
}

/// The unit of processor time in `/proc`, the same on all architectures (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds up a process and all its descendants.
pub(crate) fn of_tree(root: u32) -> Result<Usage> {
    let mut usage = Usage::default();
    for process in tree(root)? {
        usage.cpu += process.ticks as f64 * 1e6 / TICKS_PER_SECOND;
        // One that has just ended is no part of the tree any more.
        let status = fs::read_to_string(format!("/proc/{}/status", process.id)).unwrap_or_default();
        usage.resident += kibibytes(&status, "VmRSS:");
        usage.peak += kibibytes(&status, "VmHWM:");
    }
    Ok(usage)
}

/// Processor time of a process and of all its descendants that have ended and were waited for, in seconds.
pub(crate) fn with_ended_children(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = ticks(&stat).with_context(|| format!("process {process} says nothing"))?;
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

/// Fields 14 to 17 of proc_pid_stat(5).
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let four = fields.split_whitespace().skip(11).take(4);
    four.map(str::parse::<u64>).sum::<Result<u64, _>>().ok()
}

/// Whether a process has ended and nobody has waited for it yet, so that it can still be asked about.
pub(crate) fn has_ended(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_none_or(|(_, fields)| fields.trim_start().starts_with('Z'))
}

/// Begins to count the peak of memory anew.
pub(crate) fn forget_peak(root: u32) -> Result<()> {
    for process in tree(root)? {
        // "5" resets the peak, as proc(5) says; without the permission the peak is that of the whole life.
        let _ = fs::write(format!("/proc/{}/clear_refs", process.id), "5");
    }
    Ok(())
}

fn tree(root: u32) -> Result<Vec<Process>> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        if let Some(id) = name.to_str().and_then(|name| name.parse().ok())
            && let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat"))
        {
            all.extend(parse(id, &stat));
        }
    }
    let at = all.iter().position(|process| process.id == root);
    let mut tree = vec![all.swap_remove(at.with_context(|| format!("process {root} is gone"))?)];
    let mut next = 0;
    while let Some(parent) = tree.get(next).map(|process| process.id) {
        tree.extend(all.extract_if(.., |process| process.parent == parent));
        next += 1;
    }
    Ok(tree)
}

/// Reads a line of `/proc/<id>/stat`; the program's name in it may hold anything.
fn parse(id: u32, stat: &str) -> Option<Process> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Process {
        id,
        parent: number(1)?.try_into().ok()?,
        ticks: number(11)? + number(12)?,
    })
}

fn kibibytes(status: &str, field: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_moves_nothing() {
        let stat = "42 (a) b (c)) S 7 42 42 0 -1 0 0 0 0 0 30 12 5 5 20 0 1 0 100 0 0";
        let process = parse(42, stat).unwrap();
        assert_eq!((process.parent, process.ticks), (7, 42));
        assert_eq!(ticks(stat), Some(52));
    }

    #[test]
    fn this_process_uses_something() {
        assert!(of_tree(std::process::id()).unwrap().resident > 0);
    }
}
