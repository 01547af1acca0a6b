//! The real command on a terminal of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::grid::Grid;

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);

/// A command and its screen.
pub(super) struct Terminal {
    child: Child,
    keys: File,
    drawn: Receiver<(Instant, Vec<u8>)>,
    grid: Grid,
    /// When the command was started, or the last key was pressed.
    since: Instant,
}

impl Terminal {
    /// Starts `bottle supervise`.
    pub(super) fn start(program: &Path, home: &Path) -> Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let theirs: OwnedFd = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size)?;
        let keys = File::from(ours);
        let mut screen = keys.try_clone()?;
        let (sender, drawn) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count) = screen.read(&mut buffer) {
                let bytes = buffer.get(..count).unwrap_or_default().to_vec();
                if count == 0 || sender.send((Instant::now(), bytes)).is_err() {
                    return;
                }
            }
        });
        let mut command = Command::new(program);
        command.arg("supervise").env_clear().env("TERM", "xterm");
        command.env("HOME", home).env("BOT_BOTTLE_HOME", home);
        // Only bottles without an engine are there, so no engine is asked.
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command
            .stdin(theirs.try_clone()?)
            .stdout(theirs.try_clone()?)
            .stderr(theirs);
        let since = Instant::now();
        let child = command.spawn().context("cannot start bottle")?;
        Ok(Self {
            child,
            keys,
            drawn,
            grid: Grid::new(COLUMNS, ROWS),
            since,
        })
    }

    /// Waits until a text is on the screen; returns the seconds since the start or the last key.
    pub(super) fn wait_for(&mut self, text: &str) -> Result<f64> {
        let mut at = Instant::now();
        while !self.grid.contains(text) {
            let left = PATIENCE.checked_sub(self.since.elapsed()).unwrap_or_default();
            let (when, bytes) = self
                .drawn
                .recv_timeout(left)
                .with_context(|| format!("{text:?} is never on the screen:\n{}", self.grid))?;
            self.grid.draw(&bytes);
            at = when;
        }
        Ok(at.duration_since(self.since).as_secs_f64())
    }

    /// Presses keys. What was drawn before is on the screen first.
    pub(super) fn press(&mut self, keys: &str) -> Result<()> {
        while let Ok((_, bytes)) = self.drawn.try_recv() {
            self.grid.draw(&bytes);
        }
        self.since = Instant::now();
        self.keys.write_all(keys.as_bytes())?;
        Ok(())
    }

    /// Waits for the command's end.
    pub(super) fn end(mut self) -> Result<()> {
        while self.since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "bottle supervise ended with {status}");
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        bail!("bottle supervise does not end:\n{}", self.grid)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
