//! The boot frame, from standard input.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;

use bottle_wire::boot::Boot;
use bottle_wire::frame::{self, ReadError};
use tokio::sync::mpsc;

use super::sidecar::Message;

/// Reads one boot frame in a thread, which may wait for it without end, and nothing after it.
pub(super) fn read_in_background(messages: mpsc::Sender<Message>) -> io::Result<()> {
    // Not through the standard library's buffer, which would keep the secrets.
    let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let read = move || {
        let boot = read(stdin, || {
            let _nobody_left = messages.blocking_send(Message::BootBegan);
        });
        let _nobody_left = messages.blocking_send(Message::Boot(boot.map(Box::new)));
    };
    std::thread::Builder::new()
        .name("boot".to_owned())
        .stack_size(256 << 10)
        .spawn(read)
        .map(drop)
}

fn read(mut stream: impl Read, began: impl FnOnce()) -> Result<Boot, ReadError> {
    let mut first = [0; 1];
    match stream.read_exact(&mut first) {
        Ok(()) => began(),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(ReadError::Closed),
        Err(error) => return Err(ReadError::Io(error)),
    }
    frame::read_blocking(&mut first.chain(stream))
}
