//! The whole `egress` map.

use std::path::PathBuf;

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, PathBase, Span, Spanned, quoted};
use bottle_plan::egress::{LogDetail, ResolveOverride, RouteOwner, TransparentMode, UpstreamCa};

use crate::field::host_path;
use crate::host;
use crate::route::{RouteDraft, read_routes};

/// An `egress` map as one file says it, with the place of each part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressDraft {
    /// How much each event says.
    pub log: Option<Spanned<LogDetail>>,
    /// Whether names of routes resolve in a guest.
    pub transparent: Option<Spanned<TransparentMode>>,
    /// The routes, in the order of the file.
    pub routes: Vec<RouteDraft>,
    /// Addresses that are given instead of resolved.
    pub resolve: Vec<Spanned<ResolveOverride>>,
    /// Extra certificate authorities.
    pub upstream_ca: Vec<Spanned<UpstreamCa>>,
}

/// Reads an `egress` map of a file that its user wrote.
pub fn read_egress(entry: &Entry, paths: &PathBase, diagnostics: &mut Diagnostics) -> Option<EgressDraft> {
    let mut keys = MapReader::of_entry("`egress`", entry, diagnostics)?;
    let log = keys.optional("log");
    let transparent = keys.optional("transparent");
    let routes = keys.optional("routes");
    let resolve = keys.optional("resolve");
    let upstream_ca = keys.optional("upstream_ca");
    keys.refused("path_allowlist", diagnostics, |entry| {
        Diagnostic::error("old-key", "`path_allowlist` is an old key")
            .at(&entry.key.span)
            .help("list paths under `matches` of each route")
    });
    keys.finish(diagnostics);
    let log = log.and_then(|entry| read_log(entry, diagnostics));
    let transparent = transparent.and_then(|entry| read_transparent(entry, diagnostics));
    let routes = routes.map(|entry| read_routes(entry, RouteOwner::Manifest, diagnostics));
    let resolve = each(resolve, diagnostics, read_override);
    let upstream_ca = each(upstream_ca, diagnostics, |item, diagnostics| {
        read_ca(item, paths, diagnostics)
    });
    check_overrides(&resolve, diagnostics, |_, _| true);
    Some(EgressDraft {
        log,
        transparent,
        routes: routes.unwrap_or_default(),
        resolve,
        upstream_ca,
    })
}

impl EgressDraft {
    /// Adds what a later file says: its lists are appended, its scalars win. An entry that came by two ways counts
    /// once.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.log = later.log.or(self.log);
        self.transparent = later.transparent.or(self.transparent);
        append(&mut self.routes, later.routes, |draft| &draft.span);
        append(&mut self.resolve, later.resolve, |entry| &entry.span);
        append(&mut self.upstream_ca, later.upstream_ca, |entry| &entry.span);
        self
    }

    /// Reports what only shows when several files are put together; within one file, reading it reports the same.
    pub fn check_merged(&self, diagnostics: &mut Diagnostics) {
        host::check_unique(&self.routes, diagnostics, |first, second| {
            !same_file(&first.span, &second.span)
        });
        check_overrides(&self.resolve, diagnostics, |first, second| {
            !same_file(first, second)
        });
    }
}

fn append<T>(to: &mut Vec<T>, later: Vec<T>, span: impl Fn(&T) -> &Span) {
    for entry in later {
        if !to.iter().any(|known| span(known) == span(&entry)) {
            to.push(entry);
        }
    }
}

fn same_file(first: &Span, second: &Span) -> bool {
    first.source() == second.source()
}

fn each<T>(
    entry: Option<&Entry>,
    diagnostics: &mut Diagnostics,
    read: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Vec<Spanned<T>> {
    let items = entry
        .and_then(|entry| diagnostics.accept(entry.expect_list()))
        .unwrap_or_default();
    let spanned = |item: &Node| read(item, diagnostics).map(|value| item.span.with(value));
    items.iter().filter_map(spanned).collect()
}

fn read_log(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<LogDetail>> {
    let words = [
        ("0", LogDetail::Decisions),
        ("1", LogDetail::Headers),
        ("2", LogDetail::Bodies),
    ];
    diagnostics.accept(entry.expect_integer())?;
    diagnostics
        .accept(entry.expect_keyword(words))
        .map(|detail| entry.node.span.with(detail))
}

fn read_transparent(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<TransparentMode>> {
    let mode = match diagnostics.accept(entry.expect_bool())? {
        true => TransparentMode::On,
        false => TransparentMode::Off,
    };
    Some(entry.node.span.with(mode))
}

fn read_override(item: &Node, diagnostics: &mut Diagnostics) -> Option<ResolveOverride> {
    let text = diagnostics.accept(item.expect_string())?;
    diagnostics.accept(text.parse().map_err(|_| {
        Diagnostic::error(
            "bad-resolve",
            format!("{} does not give a host an address", quoted(text)),
        )
        .at(&item.span)
        .help("write HOST:PORT:ADDRESS or HOST:PORT:ADDRESS:PORT, with IPv6 addresses in brackets")
    }))
}

fn check_overrides(
    overrides: &[Spanned<ResolveOverride>],
    diagnostics: &mut Diagnostics,
    concerns: impl Fn(&Span, &Span) -> bool,
) {
    for (index, second) in overrides.iter().enumerate() {
        let same = |first: &&Spanned<ResolveOverride>| {
            first.value.host == second.value.host && first.value.port == second.value.port
        };
        let first = overrides.iter().take(index).find(same);
        if let Some(first) = first.filter(|first| concerns(&first.span, &second.span)) {
            diagnostics.report(
                Diagnostic::error("duplicate-resolve", "a second address for this host and port")
                    .at(&second.span)
                    .label(&first.span, "the first one"),
            );
        }
    }
}

fn read_ca(item: &Node, paths: &PathBase, diagnostics: &mut Diagnostics) -> Option<UpstreamCa> {
    let mut keys = MapReader::new("an entry of `upstream_ca`", item, diagnostics)?;
    let host = keys.required("host", diagnostics);
    let file = keys.required("file", diagnostics);
    keys.finish(diagnostics);
    let host = host.and_then(|entry| host::read_name(entry, diagnostics));
    let file: Option<Spanned<PathBuf>> = file.and_then(|entry| host_path(entry, paths, diagnostics));
    Some(UpstreamCa {
        host: host?,
        file: file?.value,
    })
}
