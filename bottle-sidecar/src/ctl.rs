//! Carries frames between standard streams and the control socket, so that a command can ask through an engine.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::limits::CTL_BUFFER;

/// Copies standard input to the socket and the socket to standard output, until the sidecar closes it.
///
/// The sidecar bounds how long that takes and what a frame may hold.
///
/// # Errors
///
/// When nobody listens on the socket, or standard output breaks.
pub fn run(control: &Path) -> io::Result<()> {
    let socket = UnixStream::connect(control)?;
    let questions = socket.try_clone()?;
    let stdin = unbuffered(io::stdin().as_fd())?;
    // It may wait for input for ever; the end of the process ends it.
    std::thread::spawn(move || {
        // Either end broke; the other thread notices.
        let _broken = copy(stdin, &questions);
        let _closed = questions.shutdown(Shutdown::Write);
    });
    copy(&socket, unbuffered(io::stdout().as_fd())?)
}

fn unbuffered(stream: BorrowedFd<'_>) -> io::Result<File> {
    stream.try_clone_to_owned().map(File::from)
}

/// Copies what is there as soon as it is there.
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = vec![0; CTL_BUFFER];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return Err(error),
        }
    }
}
