//! Strict YAML that keeps where everything stood, and diagnostics that show it.
//!
//! Whoever reads a file that a person wrote wants to name every mistake in it at once. A deserializer stops at
//! the first one and has lost the quotes. So this crate gives a tree of spans, readers that lower it by hand,
//! and a sink that collects the mistakes of many files. It must not know what any file means.
//!
//! ```
//! use bottle_document::{Diagnostics, MapReader, RenderStyle, Source, parse};
//!
//! let source = Source::new("bottle.md", "supervise: yes\nenvv: {}\n");
//! let mut diagnostics = Diagnostics::default();
//! let node = parse(&source.whole(), &mut diagnostics).expect("well-formed");
//! let mut keys = MapReader::new("a bottle", &node, &mut diagnostics).expect("a map");
//! let supervise = keys.optional("supervise").and_then(|entry| diagnostics.accept(entry.expect_bool()));
//! keys.optional("env");
//! keys.finish(&mut diagnostics);
//!
//! assert_eq!(supervise, None);
//! let text = diagnostics.render(RenderStyle::plain());
//! assert!(text.contains("`supervise` must be true or false, found a string"));
//! assert!(text.contains("did you mean `env`?"));
//! ```
#![forbid(unsafe_code)]

mod diagnostic;
mod diagnostics;
mod escape;
mod expect;
mod file;
mod frontmatter;
mod map_reader;
mod parse;
mod path_base;
mod render;
mod source;
mod suggest;
mod tree;

pub use diagnostic::{Diagnostic, Label, Severity};
pub use diagnostics::Diagnostics;
pub use escape::{escape_untrusted, quoted};
pub use expect::{Kind, WrongType};
pub use file::{MAX_FILE_BYTES, ReadError};
pub use frontmatter::Frontmatter;
pub use map_reader::MapReader;
pub use parse::{MAX_DEPTH, MAX_NODES, parse};
pub use path_base::{PathBase, PathError};
pub use render::RenderStyle;
pub use source::{Location, Source, Span, Spanned};
pub use suggest::nearest;
pub use tree::{Entry, Map, Node, Scalar, ScalarStyle, Value};

#[cfg(test)]
mod tests;
