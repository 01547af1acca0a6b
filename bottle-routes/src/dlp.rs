//! Which detectors look at a route's traffic.

use bottle_document::{Diagnostic, Diagnostics, Entry, Kind, MapReader, Node, nearest, quoted};
use bottle_plan::egress::{Detectors, Dlp, InboundDetector, OnMatch, OutboundDetector, RouteOwner};

const OUTBOUND: [(&str, OutboundDetector); 3] = [
    ("token_patterns", OutboundDetector::TokenPatterns),
    ("known_secrets", OutboundDetector::KnownSecrets),
    ("entropy", OutboundDetector::Entropy),
];

const INBOUND: [(&str, InboundDetector); 1] = [("prompt_injection", InboundDetector::PromptInjection)];

/// What holds for a route that says nothing.
pub(crate) fn standard(owner: RouteOwner) -> Dlp {
    let on_match = match owner {
        RouteOwner::Manifest => OnMatch::Supervise,
        RouteOwner::Provider => OnMatch::Redact,
    };
    Dlp {
        on_match,
        ..Dlp::default()
    }
}

pub(crate) fn read(entry: &Entry, owner: RouteOwner, diagnostics: &mut Diagnostics) -> Option<Dlp> {
    let mut keys = MapReader::of_entry("`dlp`", entry, diagnostics)?;
    let outbound = keys.optional("outbound_detectors");
    let inbound = keys.optional("inbound_detectors");
    let on_match = keys.optional("outbound_on_match");
    keys.finish(diagnostics);
    let words = [
        ("block", OnMatch::Block),
        ("redact", OnMatch::Redact),
        ("supervise", OnMatch::Supervise),
    ];
    let on_match = on_match.and_then(|entry| diagnostics.accept(entry.expect_keyword(words)));
    Some(Dlp {
        outbound: outbound.map_or_else(Detectors::default, |entry| {
            detectors(entry, &OUTBOUND, diagnostics)
        }),
        inbound: inbound.map_or_else(Detectors::default, |entry| {
            detectors(entry, &INBOUND, diagnostics)
        }),
        on_match: on_match.unwrap_or(standard(owner).on_match),
    })
}

fn detectors<D: Copy + PartialEq>(
    entry: &Entry,
    words: &[(&'static str, D)],
    diagnostics: &mut Diagnostics,
) -> Detectors<D> {
    if entry.node.expect_bool() == Ok(false) {
        return Detectors::Off;
    }
    let Ok(items) = entry.expect_list() else {
        diagnostics.report(neither(entry));
        return Detectors::Standard;
    };
    if items.is_empty() {
        diagnostics.report(neither(entry));
    }
    let read = |item: &Node| {
        let text = diagnostics.accept(item.expect_string())?;
        let found = words.iter().find(|(word, _)| *word == text);
        diagnostics.accept(
            found
                .map(|(_, detector)| *detector)
                .ok_or_else(|| unknown(item, text, words)),
        )
    };
    Detectors::Only(items.iter().filter_map(read).collect())
}

fn neither(entry: &Entry) -> Diagnostic {
    let message = format!(
        "{} must be `false` or a list of detectors",
        quoted(&entry.key.value)
    );
    let code = if entry.node.kind() == Kind::List {
        "empty-list"
    } else {
        "wrong-type"
    };
    Diagnostic::error(code, message)
        .at(&entry.node.span)
        .help("leave the key out for the standard detectors")
}

fn unknown<D>(item: &Node, text: &str, words: &[(&'static str, D)]) -> Diagnostic {
    let names: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
    Diagnostic::error(
        "unknown-value",
        format!("there is no detector {} in this direction", quoted(text)),
    )
    .at(&item.span)
    .did_you_mean(nearest(text, names.iter().copied()))
    .help(format!("allowed: {}", names.join(", ")))
}
