//! Finds secrets in byte streams: tokens in the formats that vendors document, and secrets that are known beforehand, as
//! they are and through their encodings.
//!
//! Whoever lets bytes pass, a proxy or a git gate, needs the same answer from them: is there a secret in it, and where?
//! A [`Stream`] takes bytes in pieces of any size, holds no more than a window of them, and finds the same however they
//! were cut. A [`Finding`] says what kind of secret is where and never what it is.
//!
//! This crate knows no protocol, no policy and no file. What is encrypted, or hidden by whoever knows these rules, it does
//! not see.
//!
//! ```
//! use bottle_scan::Scanner;
//!
//! let id = ["AKIA", "QRSTUV2WXYZ3ABCD"].concat();
//! let scanner = Scanner::new();
//! let mut stream = scanner.stream();
//! stream.push(b"# mine\naws_access_key_id = ");
//! stream.push(id.as_bytes());
//! let outcome = stream.finish();
//! let finding = &outcome.findings[0];
//! assert_eq!((finding.rule, finding.line, finding.offset), ("aws-access-key-id", 2, 27));
//! assert_eq!(finding.masked, "AKIA********");
//! ```

mod budget;
mod checksum;
#[cfg(any(test, feature = "testing"))]
pub mod corpus;
mod decode;
mod finding;
mod known;
mod layer;
mod prefilter;
pub mod rules;
mod ruleset;
mod shape;
mod stream;
mod unpack;
mod value;

pub use budget::{Budget, Limit};
pub use finding::{Finding, KNOWN_SECRET, Step};
pub use known::{AddError, KnownSecrets, Parts};
pub use stream::{Outcome, Scanner, Stream};
pub use unpack::ContentEncoding;
