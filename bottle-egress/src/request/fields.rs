//! Which header fields carry credentials, choose accounts or change what a request means.
//!
//! A list of names is never complete, so what no list knows is judged by the words of its name. Names are compared
//! after [`fold`]: gateways of the CGI family do not tell `-` from `_`.

use std::sync::LazyLock;

use super::words::{self, fold};

/// What becomes of a request's header field on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// It describes the connection to this door and is never passed on (RFC 9110, section 7.6.1).
    Connection,
    /// It claims another method, path, host or client than the request's own; always removed.
    Override,
    /// A credential, or something whose name sounds like one.
    Credential,
    /// It chooses the user, account, organisation or project that a credential acts for, or sounds like it.
    Account,
    /// Anything else.
    Plain,
}

const CONNECTION: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

const OVERRIDE: &[&str] = &[
    "base-url",
    "cf-connecting-ip",
    "client-ip",
    "destination-host",
    "fastly-client-ip",
    "forwarded",
    "front-end-https",
    "http-host",
    "proxy-host",
    "true-client-ip",
    "via",
    "x-backend-host",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-custom-ip-authorization",
    "x-forward-for",
    "x-forwarded",
    "x-host",
    "x-http-destinationurl",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-method",
    "x-original-path",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-override-url",
    "x-proxy-url",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-rewrite-uri",
    "x-rewrite-url",
    "x-tunnel-method",
    "x-url-scheme",
];

const OVERRIDE_PREFIXES: &[&str] = &["x-forwarded-", "x-envoy-", "x-middleware-", "x-arr-"];

/// Credentials whose names hold no word of [`words`].
const CREDENTIAL: &[&str] = &[
    "x-firebase-appcheck",
    "x-goog-iam-authority-selector",
    "x-honeycomb-team",
    "x-jfrog-art-api",
];

const CREDENTIAL_PREFIXES: &[&str] = &[
    "cf-access-",
    "x-amzn-oidc-",
    "x-client-cert",
    "x-ms-client-principal",
    "x-parse-",
    "x-ssl-",
];

/// Choices of an account whose names hold no word of [`words`].
const ACCOUNT: &[&str] = &[
    "app-id",
    "appid",
    "callerobjectid",
    "client-id",
    "dropbox-api-path-root",
    "dropbox-api-select-admin",
    "mscrmcallerid",
    "stripe-context",
    "x-app-id",
    "x-application-id",
    "x-client-dn",
    "x-vault-namespace",
];

const ACCOUNT_PREFIXES: &[&str] = &[
    "remote-",
    "tailscale-",
    "x-authentik-",
    "x-consumer-",
    "x-hasura-",
    "x-remote-",
];

/// Fields that real clients need and whose words mislead: keys that make a repetition harmless, protection of a
/// browser's cookies (which are gone), and names of a conversation or of a run that open nothing.
const PLAIN: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "api-user-agent",
    "content-encoding",
    "content-type",
    "csrf-token",
    "idempotency-key",
    "mcp-session-id",
    "npm-auth-type",
    "npm-session",
    "sec-websocket-key",
    "surrogate-key",
    "user-agent",
    "x-amz-user-agent",
    "x-atlassian-token",
    "x-claude-code-session-id",
    "x-claude-remote-session-id",
    "x-csrf-token",
    "x-csrftoken",
    "x-idempotency-key",
    "x-ms-client-session-id",
    "x-nuget-session-id",
    "x-opencode-project",
    "x-opencode-session",
    "x-session-affinity",
    "x-user-agent",
    "x-xsrf-token",
];

/// The model APIs whose own clients name a conversation in `session_id`.
const CONVERSATION_HOSTS: &[&str] = &["api.openai.com", "chatgpt.com"];

/// The lists above as one table, by the length of the name: this is asked for every field of every request.
static FIELDS: LazyLock<Vec<Vec<(&str, FieldKind)>>> = LazyLock::new(|| {
    let lists = [
        (CONNECTION, FieldKind::Connection),
        (OVERRIDE, FieldKind::Override),
        (CREDENTIAL, FieldKind::Credential),
        (ACCOUNT, FieldKind::Account),
        (PLAIN, FieldKind::Plain),
    ];
    let mut by_length = Vec::new();
    for (names, kind) in lists {
        for name in names {
            by_length.resize_with(by_length.len().max(name.len() + 1), Vec::new);
            if let Some(same_length) = by_length.get_mut(name.len()) {
                same_length.push((*name, kind));
            }
        }
    }
    by_length
});

/// Classifies a header field by its lower-case name.
pub(crate) fn field_kind(name: &str) -> FieldKind {
    let name = fold(name);
    let same_length = FIELDS.get(name.len()).into_iter().flatten();
    if let Some((_, kind)) = same_length.copied().find(|(listed, _)| *listed == name) {
        return kind;
    }
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if begins(OVERRIDE_PREFIXES) {
        FieldKind::Override
    } else if begins(CREDENTIAL_PREFIXES) || words::speak_of_a_credential(&name) {
        FieldKind::Credential
    } else if begins(ACCOUNT_PREFIXES) || words::speak_of_an_account(&name) {
        FieldKind::Account
    } else {
        FieldKind::Plain
    }
}

/// Tells whether a field names a conversation of a model API, whatever else the name could mean elsewhere.
pub(crate) fn names_a_conversation(host: &str, name: &str) -> bool {
    fold(name) == "session-id" && CONVERSATION_HOSTS.contains(&host)
}

/// Tells whether a server may take two names for one.
pub(crate) fn is_same_field(one: &str, other: &str) -> bool {
    one == other || fold(one) == fold(other)
}

/// Names that a response may not bring to the guest: they describe our connection, offer a way round this door, or
/// would pass for this door's own words.
pub(crate) fn is_dropped_from_answers(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "content-length"
            | "alt-svc"
            | "x-bottle-decision"
    )
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
