//! The sink for the mistakes of all files concerned.

use crate::diagnostic::{Diagnostic, Severity};
use crate::render::{RenderStyle, render};
use crate::source::Span;

/// The most diagnostics kept; more are counted, so that a hostile file cannot flood a terminal.
const MAX_KEPT: usize = 100;

/// All mistakes found so far, in any number of files.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    dropped: usize,
    errors: usize,
    hidden: Vec<Span>,
}

impl Diagnostics {
    /// Adds a mistake.
    pub fn report(&mut self, diagnostic: impl Into<Diagnostic>) {
        let diagnostic = diagnostic.into();
        if diagnostic.severity() == Severity::Error {
            self.errors += 1;
        }
        if self.kept.len() < MAX_KEPT {
            self.kept.push(diagnostic);
        } else {
            self.dropped += 1;
        }
    }

    /// Takes the value of a check, or adds its mistake.
    pub fn accept<T, E: Into<Diagnostic>>(&mut self, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|mistake| self.report(mistake)).ok()
    }

    /// Keeps the text of a span out of every rendered source line, because it may be a secret.
    pub fn hide(&mut self, span: &Span) {
        self.hidden.push(span.clone());
    }

    /// Adds everything another sink holds.
    pub fn append(&mut self, other: Diagnostics) {
        self.errors += other.errors;
        self.dropped += other.dropped;
        self.hidden.extend(other.hidden);
        let room = MAX_KEPT.saturating_sub(self.kept.len());
        self.dropped += other.kept.len().saturating_sub(room);
        self.kept.extend(other.kept.into_iter().take(room));
    }

    /// How many errors were reported, also those no longer kept.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether anything was reported that forbids going on.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether nothing was reported, not even a warning.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The diagnostics in the order of their files and lines.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut files: Vec<&str> = Vec::new();
        for file in self.kept.iter().filter_map(Diagnostic::file) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let mut sorted: Vec<&Diagnostic> = self.kept.iter().collect();
        sorted.sort_by_key(|diagnostic| {
            let file = diagnostic
                .file()
                .and_then(|file| files.iter().position(|known| *known == file));
            (file, diagnostic.span().map(|span| span.range().start))
        });
        sorted
    }

    /// Renders all of them, with source lines; ends with a line break unless empty.
    pub fn render(&self, style: RenderStyle) -> String {
        let mut rendered: Vec<String> = self
            .sorted()
            .into_iter()
            .map(|diagnostic| render(diagnostic, &self.hidden, style))
            .collect();
        if self.dropped > 0 {
            rendered.push(format!("... and {} more\n", self.dropped));
        }
        rendered.join("\n")
    }
}
