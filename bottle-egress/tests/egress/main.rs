//! A door between a guest and an upstream, over real sockets and real TLS.

mod credentials;
mod decisions;
mod streams;
mod support;
