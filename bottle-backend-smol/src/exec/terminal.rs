//! A terminal between a call of smolvm's and whoever uses it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use bottle_backend::TerminalSize;
use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::{Receiver, Sender};

/// Both sides of a terminal.
pub(super) struct Terminal {
    /// The side of whoever uses it.
    pub(super) user: OwnedFd,
    /// The side of the program.
    pub(super) program: OwnedFd,
}

impl Terminal {
    /// Makes one of a size.
    pub(super) fn open(size: TerminalSize) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let user = rustix::pty::openpt(flags)?;
        rustix::pty::grantpt(&user)?;
        rustix::pty::unlockpt(&user)?;
        let name = rustix::pty::ptsname(&user, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let program = rustix::fs::open(name.as_c_str(), flags, Mode::empty())?;
        resize(&user, size)?;
        rustix::fs::fcntl_setfl(&user, OFlags::NONBLOCK)?;
        Ok(Self { user, program })
    }

    /// Returns what is typed into it and what it shows.
    pub(super) fn streams(&self) -> io::Result<(Sender, Shown)> {
        let typed = Sender::from_owned_fd_unchecked(self.user.try_clone()?)?;
        let shown = Receiver::from_owned_fd_unchecked(self.user.try_clone()?)?;
        Ok((typed, Shown(shown)))
    }
}

/// Gives a terminal its size.
pub(super) fn resize(terminal: impl AsFd, size: TerminalSize) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(rustix::termios::tcsetwinsize(terminal, size)?)
}

/// What a terminal shows. Linux has an error for the end of it.
pub(super) struct Shown(Receiver);

impl AsyncRead for Shown {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let io_error = Some(rustix::io::Errno::IO.raw_os_error());
        match Pin::new(&mut self.0).poll_read(cx, into) {
            Poll::Ready(Err(error)) if error.raw_os_error() == io_error => Poll::Ready(Ok(())),
            other => other,
        }
    }
}
