//! Drafts with slots: what the plan and the proxy take.

use std::collections::BTreeMap;

use bottle_document::{Diagnostic, Diagnostics, MapReader, PathBase, Source, parse};
use bottle_plan::egress::{EgressPlan, Route, RouteAuth};
use bottle_plan::names::{EnvName, TokenSlot};
use bottle_plan::secret::SecretSource;

use crate::egress::{EgressDraft, read_egress};
use crate::route::RouteDraft;

/// An egress policy and where its credentials come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressTable {
    /// The policy; its routes name slots.
    pub plan: EgressPlan,
    /// The source of each slot.
    pub secrets: BTreeMap<TokenSlot, SecretSource>,
}

impl EgressTable {
    /// Gives each host variable a slot, in the order of the routes, so that no route names a variable.
    #[must_use]
    pub fn from_draft(draft: EgressDraft) -> Self {
        let (routes, secrets) = assign_slots(draft.routes);
        let plan = EgressPlan {
            log: draft.log.map(|log| log.value).unwrap_or_default(),
            transparent: draft.transparent.map(|mode| mode.value).unwrap_or_default(),
            routes,
            resolve: draft.resolve.into_iter().map(|entry| entry.value).collect(),
            upstream_ca: draft.upstream_ca.into_iter().map(|entry| entry.value).collect(),
        };
        Self { plan, secrets }
    }
}

/// Reads a document of its own that holds an `egress` map and nothing else, as the standalone proxy takes it.
///
/// Returns nothing if there was any error; warnings leave a table.
pub fn read_document(
    source: &Source,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<EgressTable> {
    let before = diagnostics.errors();
    let node = parse(&source.whole(), diagnostics)?;
    let mut keys = MapReader::new("a routes file", &node, diagnostics)?;
    let entry = keys.required("egress", diagnostics);
    keys.finish(diagnostics);
    let draft = entry.and_then(|entry| read_egress(entry, paths, diagnostics))?;
    if let Some(mode) = &draft.transparent {
        diagnostics.report(
            Diagnostic::error(
                "no-guest",
                "`transparent` is about a guest's resolver, and here is no guest",
            )
            .at(&mode.span)
            .help("remove it: it belongs into a bottle's file"),
        );
    }
    (diagnostics.errors() == before).then(|| EgressTable::from_draft(draft))
}

/// Turns drafts of one owner into routes, and gives each host variable a slot.
pub fn assign_slots(drafts: Vec<RouteDraft>) -> (Vec<Route>, BTreeMap<TokenSlot, SecretSource>) {
    let mut slots: BTreeMap<EnvName, TokenSlot> = BTreeMap::new();
    let mut routes = Vec::with_capacity(drafts.len());
    for RouteDraft {
        mut route,
        credential,
        ..
    } in drafts
    {
        route.auth = credential.map(|credential| {
            let next = slots.len() + 1;
            let new_slot = || TokenSlot::numbered(route.owner, next);
            let slot = slots
                .entry(credential.variable.value)
                .or_insert_with(new_slot)
                .clone();
            RouteAuth {
                scheme: credential.scheme,
                slot,
            }
        });
        routes.push(route);
    }
    let secrets = slots
        .into_iter()
        .map(|(name, slot)| (slot, SecretSource::HostVariable(name)))
        .collect();
    (routes, secrets)
}
