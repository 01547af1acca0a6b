//! Diagnostics as text for people. The only module that knows the renderer.

mod excerpt;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{Annotation, AnnotationKind, Element, Level, Origin, Padding, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::escape::escape_untrusted;
use crate::source::{Location, Source, Span};
use excerpt::Excerpt;

/// How diagnostics are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderStyle {
    styled: bool,
    width: usize,
}

impl RenderStyle {
    /// Without colours, for files, tests and terminals that want none.
    pub fn plain() -> Self {
        Self {
            styled: false,
            width: DEFAULT_TERM_WIDTH,
        }
    }

    /// With ANSI colours.
    pub fn styled() -> Self {
        Self {
            styled: true,
            ..Self::plain()
        }
    }

    /// Cuts source lines to a terminal's width, in columns.
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Self {
            width: columns,
            ..self
        }
    }
}

pub(crate) fn render(diagnostic: &Diagnostic, hidden: &[Span], style: RenderStyle) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(escape_untrusted(diagnostic.message()))
        .id(diagnostic.code());
    let (mut elements, headers) = place(diagnostic, hidden);
    let help = diagnostic.help_lines();
    if !help.is_empty() && diagnostic.span().is_some() {
        elements.push(Padding.into());
    }
    elements.extend(
        help.iter()
            .map(|line| Level::HELP.message(escape_untrusted(line)).into()),
    );
    let renderer = if style.styled {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let rendered = renderer
        .term_width(style.width)
        .render(&[title.elements(elements)]);
    headers
        .iter()
        .fold(rendered, |rendered, header| header.correct(&rendered))
        + "\n"
}

/// The file, or one excerpt for each file that has a label, the mistake's own first.
fn place(diagnostic: &Diagnostic, hidden: &[Span]) -> (Vec<Element<'static>>, Vec<Header>) {
    let Some(primary) = diagnostic.primary() else {
        let file = diagnostic
            .file()
            .map(|name| Origin::path(escape_untrusted(name)).into());
        return (file.into_iter().collect(), Vec::new());
    };
    let mut sources: Vec<&Source> = vec![primary.span.source()];
    for label in diagnostic.labels() {
        if !sources.contains(&label.span.source()) {
            sources.push(label.span.source());
        }
    }
    let labels = || std::iter::once(primary).chain(diagnostic.labels());
    let of = |source: &Source| {
        labels()
            .filter(|label| label.span.source() == source)
            .collect::<Vec<_>>()
    };
    sources
        .into_iter()
        .map(|source| snippet(source, &of(source), primary, hidden))
        .unzip()
}

fn snippet(
    source: &Source,
    labels: &[&Label],
    primary: &Label,
    hidden: &[Span],
) -> (Element<'static>, Header) {
    let excerpt = Excerpt::new(source, labels, hidden);
    let header = Header::new(source, labels, &excerpt);
    let annotations = labels.iter().zip(excerpt.ranges).map(|(label, range)| {
        let is_primary = std::ptr::eq(*label, primary);
        let kind = if is_primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        annotation(kind.span(range), &label.text)
    });
    let snippet = Snippet::source(excerpt.text)
        .line_start(excerpt.first_line)
        .path(header.name.clone());
    (snippet.annotations(annotations).into(), header)
}

fn annotation(annotation: Annotation<'static>, text: &str) -> Annotation<'static> {
    if text.is_empty() {
        annotation
    } else {
        annotation.label(escape_untrusted(text))
    }
}

/// A header as the renderer writes it, counting columns of the excerpt, and as it should be.
struct Header {
    name: String,
    shown: Location,
    real: Location,
}

impl Header {
    fn new(source: &Source, labels: &[&Label], excerpt: &Excerpt) -> Self {
        let real = labels
            .first()
            .map_or(Location { line: 1, column: 1 }, |label| label.span.location());
        let start = excerpt.ranges.first().map_or(0, |range| range.start);
        let before = excerpt.text.get(..start).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self {
            name: escape_untrusted(source.name()),
            shown: Location { column, ..real },
            real,
        }
    }

    /// Sets the column right where the line was cut, escaped or masked before it.
    fn correct(&self, rendered: &str) -> String {
        let header = |at: Location| format!("{}:{}:{}", self.name, at.line, at.column);
        rendered.replacen(&header(self.shown), &header(self.real), 1)
    }
}

#[cfg(test)]
mod tests;
