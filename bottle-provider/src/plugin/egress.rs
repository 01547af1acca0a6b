//! The guest's variables, the routes that a plugin owns, and the credentials on them.

use std::collections::BTreeMap;

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, quoted};
use bottle_plan::egress::{Route, RouteOwner};
use bottle_plan::names::{EnvName, TokenSlot};
use bottle_plan::secret::SecretSource;
use bottle_routes::{RouteDraft, assign_slots, read_credential, read_routes};

use super::field;
use super::files::each;
use super::placeholders::Placeholders;

/// Routes and where their credentials come from.
#[derive(Debug, Default)]
pub(super) struct Egress {
    pub(super) routes: Vec<Route>,
    pub(super) secrets: BTreeMap<TokenSlot, SecretSource>,
}

/// Reads `env`: variables of the guest. No value of the host's gets there.
pub(super) fn env(
    entry: Option<&Entry>,
    fill: &Placeholders,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<EnvName, String> {
    let map = entry.and_then(|entry| diagnostics.accept(entry.expect_map()));
    let mut env = BTreeMap::new();
    for entry in map.into_iter().flat_map(|map| map.entries()) {
        let name = name(&entry.key.value, &entry.key.span, diagnostics);
        let value = field::text(entry, fill, diagnostics);
        if let (Some(name), Some(value)) = (name, value) {
            env.insert(name, value);
        }
    }
    env
}

/// Reads `hidden_env`: variables that summaries leave out.
pub(super) fn hidden(entry: Option<&Entry>, diagnostics: &mut Diagnostics) -> Vec<EnvName> {
    each(entry, diagnostics, |item, diagnostics| {
        let text = diagnostics.accept(item.expect_string())?;
        name(text, &item.span, diagnostics)
    })
}

/// Reads `egress` and `auth` together, and adds what stands for each credential to the guest's variables.
pub(super) fn read(
    egress: Option<&Entry>,
    auth: Option<&Entry>,
    env: &mut BTreeMap<EnvName, String>,
    hidden: &mut Vec<EnvName>,
    diagnostics: &mut Diagnostics,
) -> Egress {
    let mut drafts = egress.map(|entry| routes(entry, diagnostics)).unwrap_or_default();
    for draft in &drafts {
        if let Some(credential) = &draft.credential {
            let message = "a plugin's credential is written in its own `auth`, with the guest's placeholder";
            diagnostics.report(Diagnostic::error("misplaced-auth", message).at(&credential.variable.span));
        }
    }
    let items = auth
        .and_then(|entry| diagnostics.accept(entry.expect_list()))
        .unwrap_or_default();
    for item in items {
        if let Some((name, value)) = credential(item, &mut drafts, diagnostics) {
            hidden.push(name.clone());
            env.insert(name, value);
        }
    }
    let (routes, secrets) = assign_slots(drafts);
    Egress { routes, secrets }
}

fn routes(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<RouteDraft> {
    let Some(mut keys) = MapReader::of_entry("`egress`", entry, diagnostics) else {
        return Vec::new();
    };
    let routes = keys.required("routes", diagnostics);
    keys.finish(diagnostics);
    routes
        .map(|entry| read_routes(entry, RouteOwner::Provider, diagnostics))
        .unwrap_or_default()
}

/// Reads one entry of `auth`: which host variable goes to which host, how, and what the guest has in its place.
fn credential(
    item: &Node,
    drafts: &mut [RouteDraft],
    diagnostics: &mut Diagnostics,
) -> Option<(EnvName, String)> {
    let mut keys = MapReader::new("an entry of `auth`", item, diagnostics)?;
    let host = keys.required("host", diagnostics);
    let placeholder = keys.required("placeholder", diagnostics);
    let credential = read_credential(&mut keys, diagnostics);
    keys.finish(diagnostics);
    let placeholder = placeholder.and_then(|entry| self::placeholder(entry, diagnostics));
    let (host, credential) = (host?, credential?);
    let text = diagnostics.accept(host.expect_string())?;
    let draft = drafts
        .iter_mut()
        .find(|draft| draft.route.host.to_string() == text.to_ascii_lowercase());
    let Some(draft) = draft else {
        let message = format!("there is no route for {}", quoted(text));
        let mistake = Diagnostic::error("no-such-route", message).at(&host.node.span);
        diagnostics.report(mistake.help("`host` is that of one of `egress.routes`"));
        return None;
    };
    if draft.route.matches.is_empty() {
        let message = "a route with a credential must say in `matches` what the program needs";
        let mistake = Diagnostic::error("credential-for-everything", message).at(&draft.span);
        diagnostics.report(mistake.label(&item.span, "else this credential reaches everything on the host"));
    }
    draft.set_credential(credential, &item.span, diagnostics);
    placeholder
}

/// One variable of the guest and the text that stands there for the credential.
fn placeholder(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<(EnvName, String)> {
    let mut keys = MapReader::of_entry("`placeholder`", entry, diagnostics)?;
    let variable = keys.required("variable", diagnostics);
    let value = keys.required("value", diagnostics);
    keys.finish(diagnostics);
    let value = value.and_then(|entry| bottle_routes::text(entry, diagnostics));
    let variable = variable?;
    let text = diagnostics.accept(variable.expect_string())?;
    let name = name(text, &variable.node.span, diagnostics)?;
    Some((name, value?.value))
}

fn name(text: &str, span: &bottle_document::Span, diagnostics: &mut Diagnostics) -> Option<EnvName> {
    let name = text.parse().map_err(|error: bottle_plan::names::NameError| {
        Diagnostic::error(
            "bad-variable",
            format!("{} is not the name of a variable", quoted(text)),
        )
        .at(span)
        .help(error.rule())
    });
    diagnostics.accept(name)
}
