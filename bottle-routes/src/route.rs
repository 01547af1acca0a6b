//! One entry of `routes`.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, Span};
use bottle_plan::egress::{GitAccess, GuestAuth, Route, RouteOwner, WebSocketRule};

use crate::auth::{self, Credential};
use crate::{dlp, host, matches, numbers};

/// A route whose credential, if any, has no slot yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDraft {
    /// The route; its `auth` is empty.
    pub route: Route,
    /// The credential by reference.
    pub credential: Option<Credential>,
    /// Where the host was written.
    pub host_span: Span,
    /// The whole entry.
    pub span: Span,
}

/// Reads a list of routes and reports every mistake in it, two routes for one host included.
///
/// An entry with a mistake is left out; the caller must not use the rest if the sink has errors.
pub fn read_routes(entry: &Entry, owner: RouteOwner, diagnostics: &mut Diagnostics) -> Vec<RouteDraft> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    let drafts: Vec<RouteDraft> = items
        .iter()
        .filter_map(|item| read_route(item, owner, diagnostics))
        .collect();
    host::check_unique(&drafts, diagnostics, |_, _| true);
    drafts
}

impl RouteDraft {
    /// Gives the route a credential that was written elsewhere, and reports what speaks against it.
    pub fn set_credential(&mut self, credential: Credential, written: &Span, diagnostics: &mut Diagnostics) {
        auth::check(&self.route, written, &self.host_span, None, diagnostics);
        self.credential = Some(credential);
    }
}

/// The entries of a route, before any is looked at.
struct Keys<'n> {
    host: Option<&'n Entry>,
    ports: Option<&'n Entry>,
    auth: Option<&'n Entry>,
    matches: Option<&'n Entry>,
    git: Option<&'n Entry>,
    dlp: Option<&'n Entry>,
    guest_auth: Option<&'n Entry>,
    websocket: Option<&'n Entry>,
    addresses: Option<&'n Entry>,
    limits: Option<&'n Entry>,
}

impl<'n> Keys<'n> {
    fn read(item: &'n Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut keys = MapReader::new("a route", item, diagnostics)?;
        let entries = Self {
            host: keys.required("host", diagnostics),
            ports: keys.optional("ports"),
            auth: keys.optional("auth"),
            matches: keys.optional("matches"),
            git: keys.optional("git"),
            dlp: keys.optional("dlp"),
            guest_auth: keys.optional("guest_auth"),
            websocket: keys.optional("websocket"),
            addresses: keys.optional("addresses"),
            limits: keys.optional("limits"),
        };
        keys.refused("role", diagnostics, reserved_role);
        keys.refused("path_allowlist", diagnostics, old_path_allowlist);
        keys.finish(diagnostics);
        Some(entries)
    }

    /// Reads every value before giving up on any, so that all mistakes of a route are found at once.
    fn route(&self, owner: RouteOwner, diagnostics: &mut Diagnostics) -> Option<Route> {
        let host = self.host.and_then(|entry| host::read_pattern(entry, diagnostics));
        let ports = self.ports.map(|entry| numbers::read_ports(entry, diagnostics));
        let matches = self.matches.map(|entry| matches::read(entry, diagnostics));
        let git = self.git.and_then(|entry| read_git(entry, diagnostics));
        let dlp = self.dlp.and_then(|entry| dlp::read(entry, owner, diagnostics));
        let guest_auth = self
            .guest_auth
            .and_then(|entry| read_guest_auth(entry, diagnostics));
        let websocket = self
            .websocket
            .and_then(|entry| read_websocket(entry, diagnostics));
        let addresses = self
            .addresses
            .map(|entry| numbers::read_addresses(entry, diagnostics));
        let limits = self
            .limits
            .and_then(|entry| numbers::read_limits(entry, diagnostics));
        let plain = Route::to(host?, owner);
        Some(Route {
            ports: ports.unwrap_or_else(|| plain.ports.clone()),
            matches: matches.unwrap_or_default(),
            git: git.unwrap_or_default(),
            dlp: dlp.unwrap_or_else(|| dlp::standard(owner)),
            guest_auth: guest_auth.unwrap_or_default(),
            websocket: websocket.unwrap_or_default(),
            addresses: addresses.unwrap_or_default(),
            limits: limits.unwrap_or_default(),
            ..plain
        })
    }
}

fn read_route(item: &Node, owner: RouteOwner, diagnostics: &mut Diagnostics) -> Option<RouteDraft> {
    let keys = Keys::read(item, diagnostics)?;
    let credential = keys.auth.and_then(|entry| auth::read(entry, diagnostics));
    let route = keys.route(owner, diagnostics)?;
    let host_span = keys.host?.node.span.clone();
    if let Some(auth) = keys.auth {
        let ports = keys.ports.map(|entry| &entry.node.span);
        auth::check(&route, &auth.node.span, &host_span, ports, diagnostics);
    }
    Some(RouteDraft {
        route,
        credential,
        host_span,
        span: item.span.clone(),
    })
}

fn read_git(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<GitAccess> {
    let mut keys = MapReader::of_entry("`git`", entry, diagnostics)?;
    let flag = |entry: Option<&Entry>, diagnostics: &mut Diagnostics| {
        entry
            .and_then(|entry| diagnostics.accept(entry.expect_bool()))
            .unwrap_or_default()
    };
    let fetch = flag(keys.optional("fetch"), diagnostics);
    let api_write = flag(keys.optional("api_write"), diagnostics);
    keys.refused("push", diagnostics, |entry| {
        Diagnostic::error("push-over-https", "a push never leaves through a route")
            .at(&entry.key.span)
            .help("declare the repository under `git-gate.repos`, which checks every push")
    });
    keys.finish(diagnostics);
    Some(GitAccess { fetch, api_write })
}

fn read_guest_auth(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<GuestAuth> {
    diagnostics.accept(entry.expect_keyword([("strip", GuestAuth::Strip), ("pass", GuestAuth::Pass)]))
}

fn read_websocket(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<WebSocketRule> {
    diagnostics.accept(entry.expect_keyword([("allow", WebSocketRule::Allow), ("deny", WebSocketRule::Deny)]))
}

fn reserved_role(entry: &Entry) -> Diagnostic {
    Diagnostic::error("reserved-key", "`role` is reserved")
        .at(&entry.key.span)
        .help("remove it: no value is allowed yet")
}

fn old_path_allowlist(entry: &Entry) -> Diagnostic {
    Diagnostic::error("old-key", "`path_allowlist` is an old key")
        .at(&entry.key.span)
        .help("write `matches: [{paths: [{type: prefix, value: /v1}]}]` instead")
}
