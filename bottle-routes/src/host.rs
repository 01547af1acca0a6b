//! The host of a route.

use bottle_document::{Diagnostic, Diagnostics, Entry, quoted};
use bottle_plan::egress::{HostName, HostPattern, HostPatternError};

use crate::route::RouteDraft;

pub(crate) fn read_pattern(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<HostPattern> {
    read(entry, diagnostics)
}

pub(crate) fn read_name(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<HostName> {
    read(entry, diagnostics)
}

/// Reports every host that has a second route, if `concerns` says of the two entries that it is to be reported.
pub(crate) fn check_unique(
    drafts: &[RouteDraft],
    diagnostics: &mut Diagnostics,
    concerns: impl Fn(&RouteDraft, &RouteDraft) -> bool,
) {
    let mut seen: Vec<&RouteDraft> = Vec::new();
    for draft in drafts {
        match seen.iter().find(|first| first.route.host == draft.route.host) {
            None => seen.push(draft),
            Some(first) if concerns(first, draft) => diagnostics.report(two_routes(first, draft)),
            Some(_) => {}
        }
    }
}

fn two_routes(first: &RouteDraft, second: &RouteDraft) -> Diagnostic {
    let message = format!("a second route for {}", quoted(&second.route.host.to_string()));
    Diagnostic::error("duplicate-host", message)
        .at(&second.host_span)
        .label(&first.host_span, "the first one")
        .help("put everything about a host into one route")
}

fn read<H: std::str::FromStr<Err = HostPatternError>>(
    entry: &Entry,
    diagnostics: &mut Diagnostics,
) -> Option<H> {
    let text = diagnostics.accept(entry.expect_string())?;
    diagnostics.accept(text.parse().map_err(|error| refuse(entry, text, &error)))
}

fn refuse(entry: &Entry, text: &str, error: &HostPatternError) -> Diagnostic {
    let host = quoted(text);
    let (code, message, help) = match error {
        HostPatternError::NotAHost(_) => (
            "bad-host",
            format!("{host} is not a host"),
            "write a name such as api.example.com: no scheme, port or path",
        ),
        HostPatternError::OddAddress(_) => (
            "odd-address",
            format!("{host} would be read as an IP address"),
            "write an address as four decimal numbers, or as IPv6",
        ),
        HostPatternError::Star(_) => (
            "bad-wildcard",
            format!("{host} is not a wildcard"),
            "a wildcard is the whole first label: *.example.com",
        ),
        HostPatternError::PublicSuffix(_, suffix) => (
            "public-suffix",
            format!("anyone can register a name below {}", quoted(suffix)),
            "name the domain of the one whom you trust, or single hosts",
        ),
    };
    Diagnostic::error(code, message).at(&entry.node.span).help(help)
}
