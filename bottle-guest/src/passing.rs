//! Frames with open files attached, over a socket.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use bottle_wire::frame;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most open files that come with one frame.
const MOST_FILES: usize = 8;

/// Sends a frame with open files. The other side gets them with its first byte.
///
/// # Errors
///
/// When the stream breaks or the message has no frame.
pub fn send<T: Serialize>(stream: &UnixStream, message: &T, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let bytes = frame::encode(message).map_err(io::Error::other)?;
    let (first, rest) = bytes.split_at_checked(1).unwrap_or((&bytes, &[]));
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut attached = SendAncillaryBuffer::new(&mut space);
    if !files.is_empty() && !attached.push(SendAncillaryMessage::ScmRights(files)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let first = [IoSlice::new(first)];
    rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(stream.as_fd(), &first, &mut attached, SendFlags::NOSIGNAL)
    })?;
    let mut stream = stream;
    stream.write_all(rest)
}

/// Receives a frame and the open files that came with it.
///
/// # Errors
///
/// When the stream ends or breaks, or holds anything but that message.
pub fn receive<T: DeserializeOwned>(stream: &UnixStream) -> io::Result<(T, Vec<OwnedFd>)> {
    let mut first = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let mut files = Vec::new();
    let received = rustix::io::retry_on_intr(|| {
        let mut into = [IoSliceMut::new(&mut first)];
        rustix::net::recvmsg(stream.as_fd(), &mut into, &mut attached, RecvFlags::CMSG_CLOEXEC)
    })?;
    for message in attached.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            files.extend(received);
        }
    }
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let message = frame::read_blocking(&mut first.chain(stream)).map_err(io::Error::other)?;
    Ok((message, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_arrive_with_their_frame() {
        let (near, far) = UnixStream::pair().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        send(&near, &"one", &[reader.as_fd()]).unwrap();
        send(&near, &"two", &[]).unwrap();
        let (first, mut files) = receive::<String>(&far).unwrap();
        let (second, none) = receive::<String>(&far).unwrap();
        assert_eq!((first.as_str(), second.as_str(), none.len()), ("one", "two", 0));
        drop(reader);
        writer.write_all(b"through").unwrap();
        drop(writer);
        let mut text = String::new();
        std::fs::File::from(files.remove(0))
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "through");
        drop(near);
        assert!(receive::<String>(&far).is_err());
    }
}
