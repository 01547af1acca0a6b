//! The tree of a document: scalars as they were written, with their places.

use std::fmt;

use crate::source::{Span, Spanned};

/// A value of a document and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// From the first to the last byte of the value.
    pub span: Span,
}

/// What a value is, before anyone asked for a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, a number, a truth value or nothing: what it is depends on what is wanted.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A scalar's text as written, with escapes and folding resolved.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar {
    text: String,
    style: ScalarStyle,
}

/// How a scalar was written; only a plain one can be anything but a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a literal or folded block.
    Block,
}

/// A mapping in the order of its file; no key occurs twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map {
    entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key as text.
    pub key: Spanned<String>,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The scalar, if this is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::List(_) | Value::Map(_) => None,
        }
    }
}

impl Scalar {
    pub(crate) fn new(text: impl Into<String>, style: ScalarStyle) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }

    /// The text, whatever type is wanted of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it was written.
    pub fn style(&self) -> ScalarStyle {
        self.style
    }

    /// The text of a scalar without quotes.
    pub fn plain(&self) -> Option<&str> {
        (self.style == ScalarStyle::Plain).then_some(self.text.as_str())
    }
}

impl fmt::Debug for Scalar {
    /// Prints the length alone: a scalar may be what its owner keeps to themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.style, self.text.len())
    }
}

impl Map {
    /// The entries in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.value == key)
    }

    /// Adds an entry whose key the caller knows to be new.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}
