//! Markdown files that begin with YAML between `---` lines.

use crate::diagnostic::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::source::{Source, Span};

/// The two parts of a Markdown file; both point into the whole file, so line numbers stay true.
///
/// ```
/// use bottle_document::{Diagnostics, Frontmatter, Source};
///
/// let source = Source::new("agent.md", "---\nbottle: dev\n---\n# Do the work\n");
/// let parts = Frontmatter::split(&source, &mut Diagnostics::default()).expect("both fences");
/// assert_eq!(parts.yaml.text(), "bottle: dev\n");
/// assert_eq!(parts.yaml.line(), 2);
/// assert_eq!(parts.body.text(), "# Do the work\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontmatter {
    /// What stands between the fences.
    pub yaml: Span,
    /// What follows the second fence's line.
    pub body: Span,
}

impl Frontmatter {
    /// Splits a file, or reports which fence is missing.
    pub fn split(source: &Source, diagnostics: &mut Diagnostics) -> Option<Self> {
        let text = source.text();
        let length = text.len();
        let first = text.strip_prefix('\u{feff}').map_or(0, |_| '\u{feff}'.len_utf8());
        let mut lines = Lines { text, at: first };
        let Some((opening, _)) = lines.next().filter(|(_, line)| is_fence(line)) else {
            diagnostics.report(no_opening(source));
            return None;
        };
        let start = lines.at;
        let closing = lines.by_ref().find(|(_, line)| is_fence(line));
        let Some((end, _)) = closing else {
            diagnostics.report(no_closing(&source.span(opening..source.line_range(1).end)));
            return None;
        };
        Some(Self {
            yaml: source.span(start..end),
            body: source.span(lines.at..length),
        })
    }
}

/// Lines with the offset of each; `at` is where the next one starts.
struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.text.get(self.at..)?.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += line.len();
        Some((start, line))
    }
}

fn is_fence(line: &str) -> bool {
    line.trim_end_matches([' ', '\t', '\r', '\n']) == "---"
}

fn no_opening(source: &Source) -> Diagnostic {
    Diagnostic::error("missing-frontmatter", "the file does not start with a `---` line")
        .at(&source.span(source.line_range(1)))
        .help("start with settings between two `---` lines; nothing between them is fine")
}

fn no_closing(opening: &Span) -> Diagnostic {
    Diagnostic::error("unclosed-frontmatter", "the settings have no closing `---` line")
        .at_labelled(opening, "opened here")
        .help("end the settings with a line that holds `---` alone")
}
