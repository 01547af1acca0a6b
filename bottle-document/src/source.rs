//! A text with its name, and places in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A text that diagnostics can point into; clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(Arc<SourceText>);

#[derive(PartialEq, Eq)]
struct SourceText {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

/// A range of bytes of a [`Source`].
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    source: Source,
    start: usize,
    end: usize,
}

/// A place as people count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl Source {
    /// Names a text; the name is what diagnostics show, usually the file's path.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self(Arc::new(SourceText {
            name: name.into(),
            text,
            line_starts,
        }))
    }

    /// The name given at the start.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The span of the whole text.
    pub fn whole(&self) -> Span {
        self.span(0..self.text().len())
    }

    /// The span of a byte range, which is moved inwards to the text's bounds and to character boundaries.
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = self.floor(range.start);
        Span {
            source: self.clone(),
            start,
            end: self.floor(range.end).max(start),
        }
    }

    /// Where a byte stands, as people count it.
    pub fn location(&self, offset: usize) -> Location {
        let offset = self.floor(offset);
        let line = self.line_of(offset);
        let before = self
            .text()
            .get(self.line_range(line).start..offset)
            .unwrap_or_default();
        Location {
            line,
            column: before.chars().count() + 1,
        }
    }

    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.0
            .line_starts
            .partition_point(|start| *start <= offset)
            .max(1)
    }

    /// The bytes of a line without its line break; empty past the last line.
    pub(crate) fn line_range(&self, line: usize) -> Range<usize> {
        let length = self.text().len();
        let start = self
            .0
            .line_starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(length);
        let next = self.0.line_starts.get(line).copied().unwrap_or(length);
        let text = self.text().get(start..next).unwrap_or_default();
        start..start + text.trim_end_matches(['\n', '\r']).len()
    }

    fn floor(&self, offset: usize) -> usize {
        self.text().floor_char_boundary(offset)
    }
}

impl fmt::Debug for Source {
    /// Prints the name alone: a text may hold what its owner keeps to themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.name())
    }
}

impl Span {
    /// The text pointed into.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes covered.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The text covered.
    pub fn text(&self) -> &str {
        self.source.text().get(self.range()).unwrap_or_default()
    }

    /// Where the span starts.
    pub fn location(&self) -> Location {
        self.source.location(self.start)
    }

    /// The line on which the span starts, from 1.
    pub fn line(&self) -> usize {
        self.source.line_of(self.start)
    }

    /// The empty span at this one's start.
    #[must_use]
    pub fn start(&self) -> Span {
        Span {
            end: self.start,
            ..self.clone()
        }
    }

    /// The part of this span that `range` covers, counted from the span's start.
    #[must_use]
    pub fn within(&self, range: Range<usize>) -> Span {
        let at = |offset: usize| self.start.saturating_add(offset).min(self.end);
        self.source.span(at(range.start)..at(range.end))
    }

    /// Pairs a value with this span.
    pub fn with<T>(&self, value: T) -> Spanned<T> {
        Spanned {
            value,
            span: self.clone(),
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { line, column } = self.location();
        write!(
            f,
            "{}:{line}:{column}+{}",
            self.source.name(),
            self.end - self.start
        )
    }
}

impl<T> Spanned<T> {
    /// Changes the value and keeps the span.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: change(self.value),
            span: self.span,
        }
    }
}
