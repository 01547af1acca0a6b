//! What a call of smolvm's says on its standard error, without what it says of itself at each call.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::client::NOTE;

/// How many bytes are read at once while nothing was passed on yet.
const PIECE: usize = 4096;

/// A stream of which the first line is left out when it is the note.
pub(super) struct Noteless<R> {
    stream: R,
    begun: Begun,
}

/// What is known of the first line.
enum Begun {
    /// These bytes of it, by which it may be the note.
    Maybe(Vec<u8>),
    /// It is the note, and has not ended.
    Note,
    /// These bytes are to be passed on, from a place on.
    Held(Vec<u8>, usize),
    /// All that comes is passed on.
    Over,
}

impl<R> Noteless<R> {
    pub(super) fn of(stream: R) -> Self {
        Self {
            stream,
            begun: Begun::Maybe(Vec::new()),
        }
    }
}

impl Begun {
    /// Takes what was read; nothing is the end.
    fn after(self, read: &[u8]) -> Self {
        match self {
            Self::Maybe(mut bytes) => {
                bytes.extend_from_slice(read);
                let length = bytes.len().min(NOTE.len());
                let same = bytes.get(..length) == NOTE.as_bytes().get(..length);
                match same && !read.is_empty() {
                    true if bytes.len() >= NOTE.len() => Self::Note.after(&bytes),
                    true => Self::Maybe(bytes),
                    false => Self::Held(bytes, 0),
                }
            }
            Self::Note if read.is_empty() => Self::Over,
            Self::Note => match read.iter().position(|byte| *byte == b'\n') {
                Some(end) => Self::Held(read.get(end + 1..).unwrap_or_default().to_vec(), 0),
                None => Self::Note,
            },
            held => held,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Noteless<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.begun {
                Begun::Over => return Pin::new(&mut this.stream).poll_read(cx, into),
                Begun::Held(bytes, from) => {
                    let held = bytes.get(*from..).unwrap_or_default();
                    let piece = held.get(..held.len().min(into.remaining())).unwrap_or_default();
                    into.put_slice(piece);
                    *from += piece.len();
                    if *from >= bytes.len() {
                        let any = !bytes.is_empty();
                        this.begun = Begun::Over;
                        if !any {
                            continue;
                        }
                    }
                    return Poll::Ready(Ok(()));
                }
                Begun::Maybe(_) | Begun::Note => {
                    let mut piece = [0; PIECE];
                    let mut piece = ReadBuf::new(&mut piece);
                    ready!(Pin::new(&mut this.stream).poll_read(cx, &mut piece))?;
                    let begun = std::mem::replace(&mut this.begun, Begun::Over);
                    this.begun = begun.after(piece.filled());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    async fn check(first: &str, second: &str, expected: &str) {
        let mut passed = String::new();
        let pieces = first.as_bytes().chain(second.as_bytes());
        Noteless::of(pieces).read_to_string(&mut passed).await.unwrap();
        assert_eq!(passed, expected, "{first:?} {second:?}");
    }

    #[tokio::test]
    async fn the_note_alone_is_left_out_however_it_comes() {
        let note = format!("{NOTE} for 'x'; fine\n");
        let all = format!("{note}one\ntwo");
        for cut in 0..all.len() {
            let (first, second) = all.split_at(cut);
            check(first, second, "one\ntwo").await;
        }
        check(&note, "", "").await;
        check(&note, &note, &note).await;
        check(note.trim_end(), "", "").await;
    }

    #[tokio::test]
    async fn anything_else_is_passed_on() {
        for text in [
            "",
            "n",
            "note: no",
            "note: nothing\n",
            "one\nnote: no packed assets found\n",
        ] {
            check(text, "", text).await;
        }
    }
}
