//! What of a host a route allows.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, nearest, quoted};
use bottle_plan::egress::{HeaderMatch, Method, PathMatch, RouteMatch, ValueMatch, whole_match};

use crate::field::{header_name, one_line, some_items};

/// The methods of the IANA registry that a route can allow, and `PURGE`. `CONNECT` would leave the proxy behind, `TRACE`
/// sends a request's credentials back, and `PRI` is no method of requests.
const METHODS: [&str; 38] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "PURGE",
];

pub(crate) fn read(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<RouteMatch> {
    some_items(entry, diagnostics)
        .iter()
        .filter_map(|item| read_match(item, diagnostics))
        .collect()
}

fn read_match(item: &Node, diagnostics: &mut Diagnostics) -> Option<RouteMatch> {
    let mut keys = MapReader::new("an entry of `matches`", item, diagnostics)?;
    let [paths, methods, headers] = ["paths", "methods", "headers"].map(|key| keys.optional(key));
    keys.finish(diagnostics);
    if paths.or(methods).or(headers).is_none() {
        let message = "an entry of `matches` without paths, methods or headers would match everything";
        diagnostics.report(Diagnostic::error("empty-match", message).at(&item.span));
    }
    Some(RouteMatch {
        paths: each(paths, diagnostics, read_path),
        methods: each(methods, diagnostics, read_method),
        headers: each(headers, diagnostics, read_header),
    })
}

fn each<T>(
    entry: Option<&Entry>,
    diagnostics: &mut Diagnostics,
    read: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Vec<T> {
    let items = entry
        .map(|entry| some_items(entry, diagnostics))
        .unwrap_or_default();
    items.iter().filter_map(|item| read(item, diagnostics)).collect()
}

enum PathKind {
    Prefix,
    Exact,
    Regex,
}

fn read_path(item: &Node, diagnostics: &mut Diagnostics) -> Option<PathMatch> {
    let mut keys = MapReader::new("an entry of `paths`", item, diagnostics)?;
    let kind = keys.required("type", diagnostics);
    let value = keys.required("value", diagnostics);
    keys.finish(diagnostics);
    let words = [
        ("prefix", PathKind::Prefix),
        ("exact", PathKind::Exact),
        ("regex", PathKind::Regex),
    ];
    let kind = kind.and_then(|entry| diagnostics.accept(entry.expect_keyword(words)));
    let (kind, value) = (kind?, value?);
    let text = diagnostics.accept(value.expect_string())?.to_owned();
    match kind {
        PathKind::Regex => checked_regex(value, text, diagnostics).map(PathMatch::Regex),
        PathKind::Exact => canonical(value, text, diagnostics).map(PathMatch::Exact),
        PathKind::Prefix => {
            canonical(value, text, diagnostics).map(|text| PathMatch::Prefix(whole_segments(text)))
        }
    }
}

/// A prefix counts whole segments, so its last slash says nothing.
fn whole_segments(mut path: String) -> String {
    if path.len() > 1 && path.ends_with('/') {
        path.pop();
    }
    path
}

/// Requests are compared in canonical form, so a path of any other form would never match.
fn canonical(value: &Entry, path: String, diagnostics: &mut Diagnostics) -> Option<String> {
    let refusal = match path.as_str() {
        text if !text.starts_with('/') => {
            Some(("must start with `/`", "write the path without scheme and host"))
        }
        text if text.contains(['?', '#']) => {
            Some(("cannot hold a query", "paths are matched without their query"))
        }
        text if text.contains('*') => Some((
            "cannot hold wildcards",
            "a prefix covers what is below it; or use `regex`",
        )),
        text if text.contains('%') => Some(("cannot be percent-encoded", "write the decoded character")),
        text if text.contains(['\\', ';']) => Some(("cannot hold `\\` or `;`", "such requests are refused")),
        text if text.chars().any(char::is_control) => {
            Some(("cannot hold control characters", "such requests are refused"))
        }
        text if !has_plain_segments(text) => {
            Some(("cannot hold `//`, `.` or `..`", "write the path they lead to"))
        }
        _ => None,
    };
    let Some((rule, help)) = refusal else {
        return Some(path);
    };
    let message = format!("the path {} {rule}", quoted(&path));
    diagnostics.report(
        Diagnostic::error("bad-path", message)
            .at(&value.node.span)
            .help(help),
    );
    None
}

fn has_plain_segments(path: &str) -> bool {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    path == "/"
        || inner
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | ".."))
}

fn checked_regex(value: &Entry, pattern: String, diagnostics: &mut Diagnostics) -> Option<String> {
    let compiled = whole_match(&pattern)
        .map_err(|error| Diagnostic::error("bad-regex", error.to_string()).at(&value.node.span));
    diagnostics.accept(compiled).map(|_| pattern)
}

fn read_method(item: &Node, diagnostics: &mut Diagnostics) -> Option<Method> {
    let text = diagnostics.accept(item.expect_string())?;
    let known = METHODS.iter().any(|method| method.eq_ignore_ascii_case(text));
    let method = text.parse().ok().filter(|_| known);
    diagnostics.accept(method.ok_or_else(|| {
        let message = format!("{} is not a method that a route can allow", quoted(text));
        Diagnostic::error("unknown-method", message)
            .at(&item.span)
            .did_you_mean(nearest(text, METHODS).filter(|_| !text.eq_ignore_ascii_case("CONNECT")))
    }))
}

enum ValueKind {
    Exact,
    Regex,
}

fn read_header(item: &Node, diagnostics: &mut Diagnostics) -> Option<HeaderMatch> {
    let mut keys = MapReader::new("an entry of `headers`", item, diagnostics)?;
    let name = keys.required("name", diagnostics);
    let kind = keys.required("type", diagnostics);
    let value = keys.required("value", diagnostics);
    keys.finish(diagnostics);
    let name = name.and_then(|entry| header_name(entry, diagnostics));
    let words = [("exact", ValueKind::Exact), ("regex", ValueKind::Regex)];
    let kind = kind.and_then(|entry| diagnostics.accept(entry.expect_keyword(words)));
    let (kind, value) = (kind?, value?);
    let text = diagnostics.accept(value.expect_string())?.to_owned();
    let value = match kind {
        ValueKind::Regex => ValueMatch::Regex(checked_regex(value, text, diagnostics)?),
        ValueKind::Exact => {
            diagnostics.accept(one_line(&value.key.value, &value.node, &text))?;
            ValueMatch::Exact(text)
        }
    };
    Some(HeaderMatch { name: name?, value })
}
