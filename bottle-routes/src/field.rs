//! Fields that several keys share.

use std::path::PathBuf;

use bottle_document::{Diagnostic, Diagnostics, Entry, Node, PathBase, Spanned, quoted};
use bottle_plan::names::EnvName;

/// The longest text of any one field, in bytes.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// Reads the name of a host variable, for a key that wants the name and never the value.
///
/// A text that is no name may well be the secret itself, so it is neither repeated nor shown.
pub fn host_variable(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<EnvName>> {
    let span = &entry.node.span;
    let text = entry.expect_string().unwrap_or_default();
    let name = text.parse().ok().filter(|_| !looks_like_a_secret(text));
    if name.is_none() {
        diagnostics.hide(span);
        diagnostics.report(not_a_variable(entry));
    }
    name.map(|name| span.with(name))
}

/// Reads one line of text without control characters.
pub fn text(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<String>> {
    let text = diagnostics.accept(entry.expect_string())?;
    diagnostics.accept(one_line(&entry.key.value, &entry.node, text))?;
    Some(entry.node.span.with(text.to_owned()))
}

/// Reads a path of the host, relative to the file that names it or below `~/`.
pub fn host_path(entry: &Entry, paths: &PathBase, diagnostics: &mut Diagnostics) -> Option<Spanned<PathBuf>> {
    let text = diagnostics.accept(entry.expect_string())?;
    let span = &entry.node.span;
    let resolved = paths
        .resolve(text)
        .map_err(|error| Diagnostic::error("bad-path", error.to_string()).at(span));
    diagnostics.accept(resolved).map(|path| span.with(path))
}

/// The items of a list that must not be empty, since an empty one would read as "nothing" and act as "all".
pub(crate) fn some_items<'n>(entry: &'n Entry, diagnostics: &mut Diagnostics) -> &'n [Node] {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    if items.is_empty() && entry.expect_list().is_ok() {
        let message = format!("{} cannot be an empty list", quoted(&entry.key.value));
        let help = "it would allow nothing; leave the key out for its default";
        diagnostics.report(
            Diagnostic::error("empty-list", message)
                .at(&entry.node.span)
                .help(help),
        );
    }
    items
}

pub(crate) fn one_line(key: &str, node: &Node, text: &str) -> Result<(), Diagnostic> {
    let refuse = |what: &str| {
        let message = format!("{} {what}", quoted(key));
        Err(Diagnostic::error("bad-text", message).at(&node.span))
    };
    match text {
        "" => refuse("cannot be empty"),
        _ if text.chars().any(char::is_control) => refuse("cannot hold control characters or line breaks"),
        _ if text.len() > MAX_TEXT_BYTES => refuse("is longer than 8 KiB"),
        _ => Ok(()),
    }
}

/// A lower-case header field name: a token of RFC 9110.
pub(crate) fn header_name(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = diagnostics.accept(entry.expect_string())?;
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if (1..=128).contains(&text.len()) && text.bytes().all(token) {
        return Some(text.to_ascii_lowercase());
    }
    let message = format!("{} is not the name of a header field", quoted(text));
    diagnostics.report(Diagnostic::error("bad-header-name", message).at(&entry.node.span));
    None
}

/// Long, and of all three classes: variables are not named so, tokens are.
fn looks_like_a_secret(text: &str) -> bool {
    let has = |class: fn(&u8) -> bool| text.as_bytes().iter().any(class);
    text.len() >= 30 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

fn not_a_variable(entry: &Entry) -> Diagnostic {
    let message = format!(
        "{} must be the name of a variable of the host's environment",
        quoted(&entry.key.value)
    );
    Diagnostic::error("not-a-variable", message)
        .at(&entry.node.span)
        .help("letters, digits and `_`; the value stays in the environment and is never written here")
}
