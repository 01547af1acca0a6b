//! What a plugin's guest is: image, user, home, trust store.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, quoted};
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{GuestUser, TrustStore};

use super::field;
use super::placeholders::Placeholders;
use crate::node_user;

/// The largest user id; those above belong to the relay and the doors.
const MAX_UID: i64 = 59_999;

/// Reads a reference to an image, which becomes the first line of a Dockerfile.
pub(super) fn image(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = bottle_routes::text(entry, diagnostics)?.value;
    let inside = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b);
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if first && text.bytes().all(inside) {
        return Some(text);
    }
    let message = format!("{} is not a reference to an image", quoted(&text));
    diagnostics.report(Diagnostic::error("bad-image", message).at(&entry.node.span));
    None
}

/// Reads the agent's user; `node`, 1000, 1000 by default.
pub(super) fn user(entry: Option<&Entry>, diagnostics: &mut Diagnostics) -> Option<GuestUser> {
    let Some(entry) = entry else {
        return Some(node_user());
    };
    let mut keys = MapReader::of_entry("`user`", entry, diagnostics)?;
    let name = keys.required("name", diagnostics);
    let uid = keys.required("uid", diagnostics);
    let gid = keys.required("gid", diagnostics);
    keys.finish(diagnostics);
    let name = name.and_then(|entry| user_name(entry, diagnostics));
    let uid = uid.and_then(|entry| id(entry, diagnostics));
    let gid = gid.and_then(|entry| id(entry, diagnostics));
    Some(GuestUser {
        name: name?,
        uid: uid?,
        gid: gid?,
    })
}

/// Reads the agent's home; `/home/node` by default.
pub(super) fn home(entry: Option<&Entry>, diagnostics: &mut Diagnostics) -> Option<GuestPath> {
    let Some(entry) = entry else {
        return Some(GuestPath::from_static("/home/node"));
    };
    let home = field::path(entry, &Placeholders::none(), diagnostics)?;
    if home.as_str() != "/" {
        return Some(home);
    }
    let mistake = Diagnostic::error(
        "bad-guest-path",
        "`guest_home` must be a folder of the agent's own",
    );
    diagnostics.report(mistake.at(&entry.node.span));
    None
}

/// Reads the layout of the trust store; Debian's by default.
pub(super) fn trust(entry: Option<&Entry>, diagnostics: &mut Diagnostics) -> TrustStore {
    let default = TrustStore::default();
    let Some(entry) = entry else {
        return default;
    };
    let Some(mut keys) = MapReader::of_entry("`ca`", entry, diagnostics) else {
        return default;
    };
    let certificate = keys.required("certificate", diagnostics);
    let bundle = keys.required("bundle", diagnostics);
    let update = keys.required("update", diagnostics);
    keys.finish(diagnostics);
    let nothing = Placeholders::none();
    let mut path = |entry: Option<&Entry>| entry.and_then(|entry| field::path(entry, &nothing, diagnostics));
    let (certificate, bundle) = (path(certificate), path(bundle));
    let update = update.and_then(|entry| field::command(entry, true, &nothing, diagnostics));
    TrustStore {
        certificate: certificate.unwrap_or(default.certificate),
        bundle: bundle.unwrap_or(default.bundle),
        update: update.unwrap_or(default.update),
    }
}

fn user_name(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = diagnostics.accept(entry.expect_string())?;
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let first = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if first && text.len() <= 32 && text.chars().all(inside) && text != "root" {
        return Some(text.to_owned());
    }
    let message = format!("{} cannot be the agent's user", quoted(text));
    diagnostics.report(Diagnostic::error("bad-user", message).at(&entry.node.span));
    None
}

fn id(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<u32> {
    let number = diagnostics.accept(entry.expect_integer())?;
    let id = (1..=MAX_UID)
        .contains(&number)
        .then(|| u32::try_from(number).ok());
    if id.is_none() {
        let message = format!("{} must lie between 1 and {MAX_UID}", quoted(&entry.key.value));
        diagnostics.report(Diagnostic::error("bad-user", message).at(&entry.node.span));
    }
    id.flatten()
}
