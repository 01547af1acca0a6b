//! Ends what one exec has started: an engine can start programs in a guest, but not end them.
//!
//! They are known by a variable that the exec gave its first program and that children inherit, whatever session or
//! parent they have by now. A program that takes the variable away escapes this, and ends with the guest.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid, kill_process};

/// How long processes are looked for that appear while others are ended.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of a process's variables that are looked at.
const MOST_BYTES: u64 = 8 << 20;

/// Kills every process of this user whose variables hold `mark` (`NAME=value`), and tells whether none is left.
#[must_use]
pub fn end(mark: &OsStr) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let marked = marked(mark.as_bytes());
        if marked.is_empty() {
            return true;
        }
        for process in marked {
            let _ = kill_process(process, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

fn marked(mark: &[u8]) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(Pid::from_raw)
        .filter(|process| *process != getpid() && has(*process, mark))
        .collect()
}

/// Variables that may not be read are another user's. Those of a process that has ended are empty.
fn has(process: Pid, mark: &[u8]) -> bool {
    let path = format!("/proc/{}/environ", process.as_raw_nonzero());
    let mut variables = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut variables));
    read.is_ok()
        && variables
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_end_with_their_exec_and_others_do_not() {
        let mark = |name: &str| format!("BOTTLE_EXEC={name}-{}", std::process::id());
        let sleep = |name: &str| {
            let mark = mark(name);
            let (name, value) = mark.split_once('=').unwrap();
            let mut command = std::process::Command::new("/bin/sh");
            command
                .args(["-c", "setsid sleep 60 & sleep 60"])
                .env(name, value);
            command.spawn().unwrap()
        };
        let (mut ours, mut other) = (sleep("ours"), sleep("other"));
        for name in ["ours", "other"] {
            while marked(mark(name).as_bytes()).len() < 3 {
                std::thread::yield_now();
            }
        }
        assert!(end(OsStr::new(&mark("ours"))));
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        assert!(end(OsStr::new(&mark("other"))));
        other.wait().unwrap();
    }
}
