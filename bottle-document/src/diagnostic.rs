//! One mistake, as data.

use crate::source::Span;

/// One mistake or remark, with all that is needed to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic(Box<Content>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    code: &'static str,
    severity: Severity,
    message: String,
    place: Place,
    labels: Vec<Label>,
    help: Vec<String>,
}

/// Whether the work can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing built from this file may be used.
    Error,
    /// The reader should know, and the work goes on.
    Warning,
}

/// A span with a remark about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// The remark; may be empty.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Nowhere,
    File(String),
    Span(Label),
}

impl Diagnostic {
    /// Starts an error; the code is stable, in kebab case, and what programs may compare.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// Starts a warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    fn new(code: &'static str, severity: Severity, message: String) -> Self {
        let place = Place::Nowhere;
        Self(Box::new(Content {
            code,
            severity,
            message,
            place,
            labels: Vec::new(),
            help: Vec::new(),
        }))
    }

    /// Points at what is wrong.
    #[must_use]
    pub fn at(self, span: &Span) -> Self {
        self.at_labelled(span, "")
    }

    /// Points at what is wrong, with a remark beside the line.
    #[must_use]
    pub fn at_labelled(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.0.place = Place::Span(Label {
            span: span.clone(),
            text: text.into(),
        });
        self
    }

    /// Names a file as a whole, for what has no line.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.0.place = Place::File(name.into());
        self
    }

    /// Adds a second place that explains the first.
    #[must_use]
    pub fn label(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.0.labels.push(Label {
            span: span.clone(),
            text: text.into(),
        });
        self
    }

    /// Adds a line that says what to do or what is allowed.
    #[must_use]
    pub fn help(mut self, line: impl Into<String>) -> Self {
        self.0.help.push(line.into());
        self
    }

    /// Adds "did you mean" if there is something to mean.
    #[must_use]
    pub fn did_you_mean(self, candidate: Option<&str>) -> Self {
        match candidate {
            Some(candidate) => self.help(format!("did you mean {}?", crate::quoted(candidate))),
            None => self,
        }
    }

    /// The stable name of this kind of mistake.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Whether it is an error or a warning.
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// What is wrong, in one line, not yet escaped.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The name of the file concerned.
    pub fn file(&self) -> Option<&str> {
        match &self.0.place {
            Place::Nowhere => None,
            Place::File(name) => Some(name),
            Place::Span(label) => Some(label.span.source().name()),
        }
    }

    /// Where the mistake is, if it has a line.
    pub fn span(&self) -> Option<&Span> {
        self.primary().map(|label| &label.span)
    }

    /// The second places.
    pub fn labels(&self) -> &[Label] {
        &self.0.labels
    }

    /// The lines that say what to do.
    pub fn help_lines(&self) -> &[String] {
        &self.0.help
    }

    pub(crate) fn primary(&self) -> Option<&Label> {
        match &self.0.place {
            Place::Span(label) => Some(label),
            Place::Nowhere | Place::File(_) => None,
        }
    }
}
