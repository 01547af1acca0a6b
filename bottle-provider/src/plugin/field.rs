//! Fields that several keys share.

use bottle_document::{Diagnostic, Diagnostics, Entry, Node, Span, quoted};
use bottle_plan::paths::GuestPath;

use super::placeholders::Placeholders;

/// Reads a list of words that no shell will read.
pub(super) fn words(entry: &Entry, fill: &Placeholders, diagnostics: &mut Diagnostics) -> Vec<String> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| word(item, fill, diagnostics))
        .collect()
}

/// Reads a command: at least a program, which root finds by its whole path only.
pub(super) fn command(
    entry: &Entry,
    as_root: bool,
    fill: &Placeholders,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<String>> {
    let before = diagnostics.errors();
    let argv = words(entry, fill, diagnostics);
    if diagnostics.errors() != before {
        return None;
    }
    let problem = match argv.first() {
        None => "needs a program",
        Some(program) if as_root && !program.starts_with('/') => {
            "runs as root and needs a program with its whole path"
        }
        Some(_) => return Some(argv),
    };
    let message = format!("{} {problem}", quoted(&entry.key.value));
    diagnostics.report(Diagnostic::error("bad-command", message).at(&entry.node.span));
    None
}

/// Reads a text without line breaks and fills it in.
pub(super) fn text(entry: &Entry, fill: &Placeholders, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = bottle_routes::text(entry, diagnostics)?;
    fill.fill(&text.value, &text.span, diagnostics)
}

/// Reads a path of the guest.
pub(super) fn path(entry: &Entry, fill: &Placeholders, diagnostics: &mut Diagnostics) -> Option<GuestPath> {
    let span = entry.node.span.clone();
    let text = text(entry, fill, diagnostics)?;
    guest_path(&text, &span, diagnostics)
}

/// Reads a path below the agent's home: what lies elsewhere belongs into the Dockerfile.
pub(super) fn path_below(
    home: &GuestPath,
    entry: &Entry,
    fill: &Placeholders,
    diagnostics: &mut Diagnostics,
) -> Option<GuestPath> {
    let path = path(entry, fill, diagnostics)?;
    let below = path
        .as_str()
        .strip_prefix(home.as_str())
        .is_some_and(|rest| rest.starts_with('/'));
    if below {
        return Some(path);
    }
    let message = format!("{} must lie below {home}", quoted(&entry.key.value));
    diagnostics.report(
        Diagnostic::error("outside-home", message)
            .at(&entry.node.span)
            .help("start it with {guest_home}/; what lies elsewhere belongs into the Dockerfile"),
    );
    None
}

/// Reads permission bits in octal digits.
pub(super) fn mode(entry: Option<&Entry>, default: u32, diagnostics: &mut Diagnostics) -> Option<u32> {
    let Some(entry) = entry else {
        return Some(default);
    };
    let text = diagnostics.accept(entry.expect_string())?;
    let octal = (3..=4)
        .contains(&text.len())
        .then(|| u32::from_str_radix(text, 8).ok());
    let bits = octal.flatten().filter(|bits| *bits <= 0o777);
    if bits.is_none() {
        let mistake = Diagnostic::error("bad-mode", "`mode` must be permission bits in octal digits");
        diagnostics.report(mistake.at(&entry.node.span).help("for example \"0600\""));
    }
    bits
}

fn word(item: &Node, fill: &Placeholders, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = diagnostics.accept(item.expect_string())?;
    if text.contains('\0') {
        diagnostics.report(Diagnostic::error("bad-text", "an argument cannot hold a NUL").at(&item.span));
        return None;
    }
    fill.fill(text, &item.span, diagnostics)
}

pub(super) fn guest_path(text: &str, span: &Span, diagnostics: &mut Diagnostics) -> Option<GuestPath> {
    let path = text.parse().map_err(|error: bottle_plan::paths::GuestPathError| {
        Diagnostic::error("bad-guest-path", error.to_string()).at(span)
    });
    diagnostics.accept(path)
}
