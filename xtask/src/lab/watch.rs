//! Looks on while the lab runs, and ends it when it does not go on.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What the lab prints while it lives, and when it has finished: see `lab-init`.
const ALIVE: &str = "LAB-ALIVE";
const EXIT: &str = "LAB-EXIT:";
/// What suites print of a test that has ended (see `suite/run.sh`), and tests of what they do not look at.
const TEST: &str = "LAB-TEST ";
const SKIPPED: &str = "SKIPPED ";
/// How long the lab may take to switch itself off.
const OFF: Duration = Duration::from_secs(30);

/// What the lab is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// One try, from the first instruction on.
    pub(crate) whole: Duration,
    /// Between two lines of the console's.
    pub(crate) silence: Duration,
}

/// One boot of the lab.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) ending: Ending,
    /// What was said of tests that have ended.
    pub(crate) tests: Vec<String>,
    /// What tests said that they do not look at.
    pub(crate) skipped: Vec<String>,
    took: Duration,
}

/// How a boot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What was run in the lab ended with this status.
    Finished(i32),
    /// The lab ended before.
    Died,
    /// It printed nothing for so long.
    Silent(Duration),
    /// It took longer than it may.
    Late(Duration),
}

impl fmt::Display for Tried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ending {
            Ending::Finished(status) => write!(formatter, "finished with {status}")?,
            Ending::Died => write!(formatter, "the lab died")?,
            Ending::Silent(limit) => write!(formatter, "the lab hung: nothing for {} s", limit.as_secs())?,
            Ending::Late(limit) => write!(formatter, "not done within {} s", limit.as_secs())?,
        }
        write!(formatter, ", after {} s", self.took.as_secs())
    }
}

/// Runs the lab to its end, and shows its console meanwhile.
pub(crate) fn watch(lab: &mut Command, limits: Limits) -> Result<Tried> {
    let start = Instant::now();
    let mut child = lab
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", lab.get_program().display()))?;
    let lines = lines(&mut child)?;
    let mut told = Told::default();
    let ending = listen(&lines, start, limits, &mut told);
    if matches!(ending, Ending::Finished(_)) {
        // The console is closed once it is off.
        let end = Instant::now() + OFF;
        while lines
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
    }
    // Whatever it still does, it is over.
    let _off_already = child.kill();
    child.wait()?;
    Ok(Tried {
        ending,
        tests: told.tests,
        skipped: told.skipped,
        took: start.elapsed(),
    })
}

fn lines(child: &mut Child) -> Result<Receiver<String>> {
    let output = child.stdout.take().context("the lab has no console")?;
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    Ok(lines)
}

/// What was told of tests.
#[derive(Debug, Default)]
struct Told {
    tests: Vec<String>,
    skipped: Vec<String>,
}

fn listen(lines: &Receiver<String>, start: Instant, limits: Limits, told: &mut Told) -> Ending {
    let end = start + limits.whole;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ending::Late(limits.whole);
        }
        match lines.recv_timeout(left.min(limits.silence)) {
            Ok(line) => match line.strip_prefix(EXIT).and_then(|status| status.parse().ok()) {
                Some(status) => return Ending::Finished(status),
                None if line == ALIVE => {}
                None => {
                    eprintln!("lab| {line}");
                    told.tests.extend(line.strip_prefix(TEST).map(str::to_owned));
                    told.skipped.extend(line.strip_prefix(SKIPPED).map(str::to_owned));
                }
            },
            Err(RecvTimeoutError::Timeout) if left > limits.silence => return Ending::Silent(limits.silence),
            Err(RecvTimeoutError::Timeout) => return Ending::Late(limits.whole),
            Err(RecvTimeoutError::Disconnected) => return Ending::Died,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expected: Ending) {
        let limits = Limits {
            whole: Duration::from_millis(1500),
            silence: Duration::from_millis(600),
        };
        // `exec`, so that what is killed is what holds the console.
        let tried = watch(Command::new("sh").args(["-c", script]), limits).unwrap();
        assert_eq!(tried.ending, expected, "{tried}");
    }

    #[test]
    fn the_status_is_that_of_what_was_run() {
        check(
            "echo booting; echo LAB-ALIVE; echo LAB-EXIT:3",
            Ending::Finished(3),
        );
    }

    #[test]
    fn what_tests_say_is_kept_though_the_lab_dies() {
        let script = "echo LAB-TEST s a 0 1 2; echo SKIPPED impossible: x; exit 0";
        let limits = Limits {
            whole: Duration::from_secs(5),
            silence: Duration::from_secs(5),
        };
        let tried = watch(Command::new("sh").args(["-c", script]), limits).unwrap();
        assert_eq!(tried.ending, Ending::Died);
        assert_eq!(tried.tests, ["s a 0 1 2"]);
        assert_eq!(tried.skipped, ["impossible: x"]);
    }

    #[test]
    fn carriage_returns_of_a_console_do_not_matter() {
        check(r"printf 'LAB-EXIT:0\r\n'", Ending::Finished(0));
    }

    #[test]
    fn a_lab_that_ends_before_has_died() {
        check("echo booting; exit 0", Ending::Died);
        check("echo LAB-EXIT:x", Ending::Died);
    }

    #[test]
    fn a_lab_that_says_nothing_hangs() {
        check(
            "echo booting; exec sleep 60",
            Ending::Silent(Duration::from_millis(600)),
        );
    }

    #[test]
    fn a_lab_that_only_lives_is_late() {
        let alive = "while :; do echo LAB-ALIVE; sleep 0.1; done";
        check(alive, Ending::Late(Duration::from_millis(1500)));
    }
}
