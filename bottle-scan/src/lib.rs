//! Finds secrets in byte streams: tokens in the formats that vendors document, and secrets that are known beforehand, as
//! they are and through their encodings.
//!
//! Whoever lets bytes pass, a proxy or a git gate, needs the same answer from them: is there a secret in it, and where?
//! A stream takes bytes in pieces of any size, holds no more than a window of them, and finds the same however they
//! were cut. A finding says what kind of secret is where and never what it is.
//!
//! This crate knows no protocol, no policy and no file. What is encrypted, or hidden by whoever knows these rules, it does
//! not see.

mod checksum;
mod decode;
mod finding;
mod known;
mod prefilter;
pub mod rules;
mod unpack;
mod value;

pub use finding::{Finding, KNOWN_SECRET, Step};
pub use known::{AddError, KnownSecrets, Parts};
pub use unpack::ContentEncoding;
