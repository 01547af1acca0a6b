//! The streams that guests come over: a socket, or TLS on one.

mod prefixed;
mod socket;

pub(crate) use prefixed::Prefixed;
pub(crate) use socket::{Socket, Stream};
