//! Readings that several keys share.

use std::path::{Path, PathBuf};

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, PathBase, Span, Spanned, quoted};
use bottle_plan::names::{Name, NameError};
use bottle_routes::host_path;

/// Reads the name of a bottle, skill or provider: one step of a path, and never a way out of its folder.
pub(super) fn name(node: &Node, diagnostics: &mut Diagnostics) -> Option<Spanned<Name>> {
    let text = diagnostics.accept(node.expect_string())?;
    let name = text
        .parse()
        .map_err(|error| refuse_name(text, &error).at(&node.span));
    diagnostics.accept(name).map(|name| node.span.with(name))
}

/// As [`name`], for a key.
pub(super) fn named(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<Name>> {
    diagnostics.accept(entry.expect_string())?;
    name(&entry.node, diagnostics)
}

pub(crate) fn refuse_name(text: &str, error: &NameError) -> Diagnostic {
    Diagnostic::error("bad-name", format!("{} is not a name", quoted(text)))
        .help(format!("a name has {}", error.rule()))
}

/// Reads a path of a host file that must be there.
pub(super) fn existing_file(
    entry: &Entry,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<Spanned<PathBuf>> {
    let path = host_path(entry, paths, diagnostics)?;
    diagnostics.accept(must_be_file(&path.value, &path.span))?;
    Some(path)
}

pub(super) fn must_be_file(path: &Path, span: &Span) -> Result<(), Diagnostic> {
    let message = match path.metadata() {
        Ok(found) if found.is_file() => return Ok(()),
        Ok(_) => "this is not a regular file".to_owned(),
        Err(error) => format!("cannot use this file: {error}"),
    };
    Err(Diagnostic::error("missing-file", message)
        .at(span)
        .help(format!("looked at {}", path.display())))
}

/// Refuses the keys of older versions, each with what replaced it.
pub(super) fn refuse_old_keys(keys: &mut MapReader<'_>, diagnostics: &mut Diagnostics) {
    let replaced = [
        (
            "runtime",
            "choose a backend at start: `--backend` or the variable BOT_BOTTLE_BACKEND",
        ),
        ("git", "write repositories under `git-gate.repos`"),
        ("git_user", "write `git-gate: {user: {name: ..., email: ...}}`"),
        (
            "path_allowlist",
            "list paths under `matches` of each route in `egress.routes`",
        ),
    ];
    for (key, replacement) in replaced {
        keys.refused(key, diagnostics, |entry| {
            Diagnostic::error("old-key", format!("{} is an old key", quoted(key)))
                .at(&entry.key.span)
                .help(replacement)
        });
    }
}
