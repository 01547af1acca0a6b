//! A door between a guest and an upstream, over real sockets and real TLS.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on fails, and it has the wall clock to itself"
)]

mod credentials;
mod decisions;
mod doors;
mod streams;
mod support;
