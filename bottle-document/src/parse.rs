//! Text to tree. The only module that knows the YAML parser.

mod builder;

use granit_parser::{ErrorKind, Event, Parser, ScanError, options};

use crate::diagnostic::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::file::MAX_FILE_BYTES;
use crate::source::Span;
use crate::tree::Node;
use builder::Builder;

/// The most lists and maps inside one another.
pub const MAX_DEPTH: usize = 16;

/// The most values of one document, keys not counted.
pub const MAX_NODES: usize = 10_000;

/// Parses strict YAML: no duplicate keys, anchors, aliases, tags, merge keys, directives or second document.
///
/// Mistakes that leave the rest readable are reported and the tree is given all the same, so that its own
/// mistakes can be found too; the caller must not use it if the sink has errors. A document that is empty, or
/// of comments alone, is an empty map.
pub fn parse(yaml: &Span, diagnostics: &mut Diagnostics) -> Option<Node> {
    if let Some(refusal) = refuse_text(yaml) {
        diagnostics.report(refusal);
        return None;
    }
    let mut builder = Builder::new(yaml, diagnostics);
    let built = build(yaml, &mut builder);
    let root = builder.into_root();
    diagnostics.accept(built).and(root)
}

fn build(yaml: &Span, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut options = options! {
        disallow_directives: true,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        // One more than allowed: the builder reports depth better than the parser can.
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    options.set_emit_comments(false);
    for event in Parser::new_from_str_with_options(yaml.text(), options) {
        let (event, span) = event.map_err(|error| malformed(yaml, &error))?;
        let Some(range) = span.byte_range() else { continue };
        let tag = span
            .tag_span()
            .and_then(|span| span.byte_range())
            .map(|range| yaml.within(range));
        builder.event(event, yaml.within(range), tag)?;
    }
    Ok(())
}

/// What no well-formed YAML holds, or what is too much of it.
fn refuse_text(yaml: &Span) -> Option<Diagnostic> {
    let text = yaml.text();
    if text.len() as u64 > MAX_FILE_BYTES {
        let message = "the document is larger than 1 MiB";
        return Some(Diagnostic::error("too-large", message).in_file(yaml.source().name()));
    }
    let is_control = |character: char| character.is_control() && !matches!(character, '\t' | '\n' | '\r');
    let (at, control) = text
        .char_indices()
        .find(|(_, character)| is_control(*character))?;
    let message = format!(
        "a control character, {}, is not allowed here",
        control.escape_unicode()
    );
    let span = yaml.within(at..at + control.len_utf8());
    Some(
        Diagnostic::error("control-character", message)
            .at(&span)
            .help("write it as an escape in double quotes"),
    )
}

fn malformed(yaml: &Span, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or_default();
    let end = yaml
        .text()
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(at, |next| at + next.len_utf8());
    let span = yaml.within(at..end);
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(&span);
    }
    let malformed = Diagnostic::error("malformed-yaml", error.info()).at(&span);
    match is_question(yaml.text(), at) {
        true => malformed.help("write a value that begins with a question mark in quotes: '?'"),
        false => malformed,
    }
}

/// Tells whether a question mark that stands alone is where a value begins: YAML takes it for the mark of a key.
fn is_question(text: &str, at: usize) -> bool {
    let Some((before, after)) = text.split_at_checked(at) else {
        return false;
    };
    let alone = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    after.strip_prefix('?').is_some_and(alone) && before.trim_end_matches([' ', '\t']).ends_with([':', '-'])
}

fn too_deep(span: &Span) -> Diagnostic {
    Diagnostic::error(
        "too-deep",
        format!("more than {MAX_DEPTH} lists and maps inside one another"),
    )
    .at(span)
}

/// Whether an event only frames the documents.
fn is_frame(event: &Event<'_>) -> bool {
    matches!(event, Event::StreamStart | Event::StreamEnd | Event::DocumentEnd)
}

#[cfg(test)]
mod tests;
