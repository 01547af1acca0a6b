//! The guest's variables.

use std::collections::BTreeMap;

use bottle_document::{Diagnostic, Diagnostics, Entry, Spanned, quoted};
use bottle_plan::env::EnvValue;
use bottle_plan::names::EnvName;

pub(super) fn read(entry: &Entry, diagnostics: &mut Diagnostics) -> BTreeMap<EnvName, Spanned<EnvValue>> {
    let Some(map) = diagnostics.accept(entry.expect_map()) else {
        diagnostics.hide(&entry.node.span);
        return BTreeMap::new();
    };
    let variable = |entry: &Entry| {
        if !is_reference(entry) {
            diagnostics.hide(&entry.node.span);
        }
        let name = diagnostics.accept(read_name(entry));
        let value = diagnostics.accept(read_value(entry));
        Some((name?, entry.node.span.with(value?)))
    };
    map.entries().iter().filter_map(variable).collect()
}

/// Whatever else a value is, it may be a secret, also when it is wrong.
fn is_reference(entry: &Entry) -> bool {
    entry
        .expect_string()
        .is_ok_and(|text| text.starts_with('?') || text.starts_with("${"))
}

fn read_name(entry: &Entry) -> Result<EnvName, Diagnostic> {
    let key = &entry.key;
    key.value.parse().map_err(|_| {
        Diagnostic::error(
            "bad-variable-name",
            format!("{} cannot name a variable", quoted(&key.value)),
        )
        .at(&key.span)
        .help("a variable has letters, digits and `_`, and does not start with a digit")
    })
}

/// `?` and `?message` are asked for, `${NAME}` is copied from the host, anything else is the value itself.
fn read_value(entry: &Entry) -> Result<EnvValue, Diagnostic> {
    let text = entry.expect_string()?;
    let refuse = |code, message: String| Diagnostic::error(code, message).at(&entry.node.span);
    if text.contains(['\n', '\r', '\0']) {
        let message = format!(
            "the value of {} holds a line break or NUL",
            quoted(&entry.key.value)
        );
        return Err(refuse("bad-variable-value", message));
    }
    if let Some(question) = text.strip_prefix('?') {
        let question = question.trim();
        return Ok(EnvValue::Answer {
            question: (!question.is_empty()).then(|| question.to_owned()),
        });
    }
    let Some(variable) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
        return Ok(EnvValue::Literal(text.to_owned()));
    };
    variable.parse().map(EnvValue::HostVariable).map_err(|_| {
        refuse(
            "bad-variable-name",
            format!("{} cannot name a variable of the host", quoted(variable)),
        )
        .help("`${NAME}` as the whole value copies the host's variable NAME; there are no other expansions")
    })
}
