//! The credential of a route.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Span, Spanned, quoted};
use bottle_plan::egress::{AuthScheme, HostPattern, Route};
use bottle_plan::names::EnvName;

use crate::field::{header_name, host_variable};

/// A credential by reference, before it has a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// How it is written into a request.
    pub scheme: AuthScheme,
    /// The host variable that holds it.
    pub variable: Spanned<EnvName>,
}

/// Fields that carry the message itself, or its way, and never a credential.
const NEVER_CREDENTIALS: [&str; 14] = [
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

enum Scheme {
    Fixed(AuthScheme),
    Header,
}

pub(crate) fn read(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Credential> {
    let mut keys = MapReader::of_entry("`auth`", entry, diagnostics)?;
    let credential = read_credential(&mut keys, diagnostics);
    keys.finish(diagnostics);
    credential
}

/// Reads `scheme`, `token_ref` and `name` from a map that may hold further keys, which are the caller's to read.
pub fn read_credential(keys: &mut MapReader<'_>, diagnostics: &mut Diagnostics) -> Option<Credential> {
    let scheme = keys.required("scheme", diagnostics);
    let variable = keys.required("token_ref", diagnostics);
    let name = keys.optional("name");
    if let Some(token) = keys.refused("token", diagnostics, literal_token) {
        diagnostics.hide(&token.node.span);
    }
    let variable = variable.and_then(|entry| host_variable(entry, diagnostics));
    let scheme = scheme.and_then(|scheme| read_scheme(scheme, name, diagnostics));
    Some(Credential {
        scheme: scheme?,
        variable: variable?,
    })
}

fn read_scheme(scheme: &Entry, name: Option<&Entry>, diagnostics: &mut Diagnostics) -> Option<AuthScheme> {
    let words = [
        ("Bearer", Scheme::Fixed(AuthScheme::Bearer)),
        ("token", Scheme::Fixed(AuthScheme::Token)),
        ("basic", Scheme::Fixed(AuthScheme::Basic)),
        ("header", Scheme::Header),
    ];
    match (diagnostics.accept(scheme.expect_keyword(words))?, name) {
        (Scheme::Header, Some(name)) => credential_header(name, diagnostics).map(AuthScheme::Header),
        (Scheme::Fixed(scheme), None) => Some(scheme),
        (Scheme::Header, None) => {
            let missing =
                Diagnostic::error("missing-key", "the scheme `header` needs `name`").at(&scheme.node.span);
            diagnostics.report(missing.help("name the header field, for example `name: x-api-key`"));
            None
        }
        (Scheme::Fixed(_), Some(name)) => {
            let message = "`name` belongs to the scheme `header` alone";
            let needless = Diagnostic::error("needless-key", message).at(&name.key.span);
            diagnostics.report(needless.label(&scheme.node.span, "this scheme has a field of its own"));
            None
        }
    }
}

fn credential_header(name: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let header = header_name(name, diagnostics)?;
    if !NEVER_CREDENTIALS.contains(&header.as_str()) {
        return Some(header);
    }
    let message = format!("{} cannot carry a credential", quoted(&header));
    diagnostics.report(Diagnostic::error("bad-header-name", message).at(&name.node.span));
    None
}

fn literal_token(entry: &Entry) -> Diagnostic {
    Diagnostic::error("literal-secret", "a token is never written into a file")
        .at(&entry.key.span)
        .help("put it into a variable of the host's environment and name that one in `token_ref`")
}

/// A credential goes to one host that its owner named, over TLS.
pub(crate) fn check(
    route: &Route,
    auth: &Span,
    host: &Span,
    ports: Option<&Span>,
    diagnostics: &mut Diagnostics,
) {
    if matches!(route.host, HostPattern::Below(_)) {
        diagnostics.report(
            Diagnostic::error("wildcard-with-auth", "a wildcard host cannot have `auth`")
                .at(host)
                .label(auth, "this credential would go to every host below")
                .help("name each host that is to receive the credential in a route of its own"),
        );
    }
    if let Some(ports) = ports.filter(|_| route.ports.contains(&80)) {
        diagnostics.report(
            Diagnostic::warning("auth-without-tls", "the credential is not sent to port 80")
                .at(ports)
                .help("credentials are added over verified TLS only"),
        );
    }
}
