//! A program on a terminal, and what a person would see there.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::watched::Watched;

/// A program under way on a terminal of its own; it is killed when this is dropped.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    input: Input,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Watched<Screen>>,
    reader: Option<JoinHandle<()>>,
}

/// What is typed, by the test and by the terminal itself.
type Input = Arc<Mutex<Box<dyn Write + Send>>>;

/// What came to the terminal.
struct Screen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    closed: bool,
}

/// Asks a terminal where its cursor is, which every terminal answers.
const CURSOR: &[u8] = b"\x1b[6n";

const SIZE: PtySize = PtySize {
    rows: 40,
    cols: 120,
    pixel_width: 0,
    pixel_height: 0,
};

impl Terminal {
    pub(super) fn start(
        program: &Path,
        arguments: &[&str],
        directory: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let pair = native_pty_system().openpty(SIZE)?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(directory);
        command.env_clear();
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command)?;
        let screen = Arc::new(Watched::new(Screen {
            parser: vt100::Parser::new(at_least_one(SIZE.rows), at_least_one(SIZE.cols), 1000),
            raw: Vec::new(),
            closed: false,
        }));
        let input: Input = Arc::new(Mutex::new(pair.master.take_writer()?));
        let reader = show(
            pair.master.try_clone_reader()?,
            Arc::clone(&screen),
            Arc::clone(&input),
        );
        Ok(Self {
            master: pair.master,
            input,
            child,
            screen,
            reader: Some(reader),
        })
    }

    /// Types a text; `\r` is the Enter key and `\x03` is Ctrl-C.
    pub fn type_text(&mut self, text: &str) -> Result<()> {
        Ok(type_into(&self.input, text)?)
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).context("it has no process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, rows: u16, cols: u16) -> Result<()> {
        self.screen.change(|screen| {
            screen
                .parser
                .screen_mut()
                .set_size(at_least_one(rows), at_least_one(cols));
        });
        self.master.resize(PtySize { rows, cols, ..SIZE })
    }

    /// The screen as text, one line a row.
    #[must_use]
    pub fn contents(&self) -> String {
        self.screen.look(|screen| screen.parser.screen().contents())
    }

    /// Every byte that came to the terminal, escape sequences and all.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        self.screen.look(|screen| screen.raw.clone())
    }

    /// Waits until a text stands on the screen.
    pub fn wait_for(&self, limit: Duration, text: &str) -> Result<()> {
        self.wait_until(limit, text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as it should be, which it will not become any more once the program has ended.
    pub fn wait_until(&self, limit: Duration, what: &str, fits: impl Fn(&str) -> bool) -> Result<()> {
        let found = self
            .screen
            .wait_for(limit, |screen| match fits(&screen.parser.screen().contents()) {
                false if !screen.closed => None,
                found => Some(found),
            });
        if found == Some(true) {
            return Ok(());
        }
        bail!(
            "no {what:?} within {limit:?}; the screen is:\n{}",
            self.contents()
        )
    }

    /// Waits until the program ends and returns its exit status.
    pub fn wait(mut self, limit: Duration) -> Result<u32> {
        let closed = self.screen.wait_for(limit, |screen| screen.closed.then_some(()));
        closed.with_context(|| {
            format!(
                "it did not end within {limit:?}; the screen is:\n{}",
                self.contents()
            )
        })?;
        Ok(self.child.wait()?.exit_code())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // All of this fails for a program that has ended, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

fn at_least_one(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap_or(NonZeroU16::MIN)
}

fn type_into(input: &Input, text: &str) -> std::io::Result<()> {
    let mut input = input.lock().unwrap_or_else(PoisonError::into_inner);
    input.write_all(text.as_bytes())?;
    input.flush()
}

fn show(mut from: Box<dyn Read + Send>, screen: Arc<Watched<Screen>>, input: Input) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let read = buffer.get(..count).unwrap_or_default();
            let (row, column) = screen.change(|screen| {
                screen.parser.process(read);
                screen.raw.extend_from_slice(read);
                screen.parser.screen().cursor_position()
            });
            if read.windows(CURSOR.len()).any(|window| window == CURSOR) {
                // A program that has ended does not care.
                let _ = type_into(&input, &format!("\x1b[{};{}R", row + 1, column + 1));
            }
        }
        screen.change(|screen| screen.closed = true);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Terminal {
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        Terminal::start(
            Path::new("/bin/sh"),
            &["-c", script],
            Path::new("/"),
            &environment,
        )
        .unwrap()
    }

    #[test]
    fn what_is_typed_arrives_and_the_status_comes_back() {
        let mut terminal = shell("echo name?; read name; echo hello $name; exit 5");
        terminal.wait_for(LIMIT, "name?").unwrap();
        terminal.type_text("world\r").unwrap();
        terminal.wait_for(LIMIT, "hello world").unwrap();
        assert_eq!(terminal.wait(LIMIT).unwrap(), 5);
    }

    #[test]
    fn a_new_size_is_told() {
        let terminal = shell("trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done");
        terminal.wait_for(LIMIT, "ready").unwrap();
        terminal.resize(50, 100).unwrap();
        terminal.wait_for(LIMIT, "50 100").unwrap();
    }

    #[test]
    fn it_tells_where_its_cursor_is() {
        let terminal = shell(r"stty raw -echo; printf 'abc\033[6n'; dd bs=1 count=6 2>/dev/null | od -c");
        terminal.wait_for(LIMIT, "033   [   1   ;   4   R").unwrap();
    }

    #[test]
    fn escape_sequences_are_kept_beside_the_text() {
        let terminal = shell(r"printf '\033]2;title\007text'; exec sleep 600");
        terminal.wait_for(LIMIT, "text").unwrap();
        assert_eq!(terminal.contents().trim(), "text");
        assert_eq!(terminal.raw(), b"\x1b]2;title\x07text");
    }
}
