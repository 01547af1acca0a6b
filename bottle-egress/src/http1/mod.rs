//! HTTP/1.1 towards the guest, read by hand: what this does not understand exactly is refused.
//!
//! General-purpose servers forgive: bare line feeds, several lengths, folded lines, unknown transfer codings. Each of
//! these is a way to make two programs see different requests in the same bytes.

mod body;
mod chunked;
mod control;
mod fields;
mod head;
mod reader;
mod writer;

pub(crate) use body::{BodyDecoder, BodyError, Piece};
use head::Version;
pub(crate) use head::{Framing, Head, HeadError, Target};
pub(crate) use reader::{ReadError, Reader};
pub(crate) use writer::{AnswerHead, AnswerLength, Writer};
