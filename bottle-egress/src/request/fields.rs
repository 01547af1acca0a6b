//! Which header fields and query parameters carry credentials, choose accounts or change what a request means.
//!
//! Names are compared in lower case with `_` read as `-`: gateways of the CGI family do not tell the two apart.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::query::ParameterKind;

/// What becomes of a request's header field on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// It describes the connection to this door and is never passed on (RFC 9110, section 7.6.1).
    Connection,
    /// It claims another method, path, host or client than the request's own; always removed.
    Override,
    /// A credential.
    Credential,
    /// It chooses the account, organisation or project that a credential acts for.
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

const CREDENTIAL: &[&str] = &[
    "api-key",
    "apikey",
    "authentication",
    "authorization",
    "cookie",
    "cookie2",
    "dd-application-key",
    "deploy-token",
    "job-token",
    "ocp-apim-subscription-key",
    "private-token",
    "x-aio-key",
    "x-api-token",
    "x-apikey",
    "x-auth",
    "x-auth-key",
    "x-auth-token",
    "x-access-token",
    "x-amz-security-token",
    "x-figma-token",
    "x-functions-key",
    "x-gitea-otp",
    "x-github-otp",
    "x-github-token",
    "x-gitlab-token",
    "x-goog-iam-authority-selector",
    "x-goog-iam-authorization-token",
    "x-honeycomb-team",
    "x-key",
    "x-password",
    "x-rapidapi-key",
    "x-registry-auth",
    "x-secret",
    "x-subscription-token",
    "x-token",
    "x-user-token",
    "x-vault-token",
    "x-webhook-secret",
    "npm-otp",
    "sec-token-binding",
];

const CREDENTIAL_SUFFIXES: &[&str] = &[
    "-access-key",
    "-access-token",
    "-api-key",
    "-api-token",
    "-apikey",
    "-auth-key",
    "-auth-token",
    "-authorization",
    "-client-secret",
    "-password",
    "-private-token",
    "-refresh-token",
    "-secret",
    "-secret-key",
    "-security-token",
    "-session-token",
    "-subscription-key",
];

const ACCOUNT: &[&str] = &[
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "chatgpt-account-id",
    "openai-organization",
    "openai-project",
    "x-account-id",
    "x-auth-email",
    "x-goog-user-project",
    "x-org-id",
    "x-organization-id",
    "x-tenant-id",
    "x-workspace-id",
];

const KEY_PARAMETERS: &[&str] = &[
    "access-key",
    "access-token",
    "api-key",
    "api-token",
    "apikey",
    "appid",
    "auth",
    "auth-key",
    "auth-token",
    "authorization",
    "client-secret",
    "id-token",
    "job-token",
    "key",
    "oauth-token",
    "password",
    "private-token",
    "refresh-token",
    "secret",
    "session-token",
    "subscription-key",
    "token",
    "x-api-key",
    "x-auth-token",
];

const SIGNATURE_PARAMETERS: &[&str] = &[
    "googleaccessid",
    "sig",
    "signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
    "x-oss-credential",
    "x-oss-signature",
];

const METHOD_PARAMETERS: &[&str] = &[
    "$httpmethod",
    "-method",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// The lists above as one table, by the length of the name: this is asked for every field of every request.
static FIELDS: LazyLock<Vec<Vec<(&str, FieldKind)>>> = LazyLock::new(|| {
    let lists = [
        (CONNECTION, FieldKind::Connection),
        (OVERRIDE, FieldKind::Override),
        (CREDENTIAL, FieldKind::Credential),
        (ACCOUNT, FieldKind::Account),
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
    if OVERRIDE_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return FieldKind::Override;
    }
    if CREDENTIAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        return FieldKind::Credential;
    }
    FieldKind::Plain
}

/// Classifies a query parameter by its decoded lower-case name.
pub(super) fn parameter_kind(name: &str) -> ParameterKind {
    let name = fold(name);
    let is = |list: &[&str]| list.contains(&name.as_ref());
    if is(KEY_PARAMETERS) {
        ParameterKind::Key
    } else if is(SIGNATURE_PARAMETERS) {
        ParameterKind::Signature
    } else if is(METHOD_PARAMETERS) {
        ParameterKind::MethodOverride
    } else {
        ParameterKind::Plain
    }
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

fn fold(name: &str) -> Cow<'_, str> {
    if name.contains('_') {
        return Cow::Owned(name.replace('_', "-"));
    }
    Cow::Borrowed(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: FieldKind, names: &[&str]) {
        for name in names {
            assert_eq!(field_kind(name), kind, "{name}");
        }
    }

    #[test]
    fn every_kind_of_field_is_told() {
        check(
            FieldKind::Credential,
            &[
                "authorization",
                "cookie",
                "x-api-key",
                "api-key",
                "x-goog-api-key",
                "private-token",
                "x-auth-token",
                "x_api_key",
                "xi-api-key",
                "dd-api-key",
                "x-amz-security-token",
                "x-shopify-access-token",
            ],
        );
        check(
            FieldKind::Override,
            &[
                "x-http-method-override",
                "x_http_method_override",
                "x-original-url",
                "x-rewrite-url",
                "forwarded",
                "x-forwarded-host",
                "x-forwarded-for",
                "x-forwarded-proto",
            ],
        );
        check(
            FieldKind::Account,
            &["openai-organization", "openai-project", "chatgpt-account-id"],
        );
        check(
            FieldKind::Connection,
            &[
                "host",
                "connection",
                "te",
                "proxy-authorization",
                "transfer-encoding",
            ],
        );
        check(
            FieldKind::Plain,
            &[
                "accept",
                "content-type",
                "idempotency-key",
                "user-agent",
                "anthropic-version",
                "x-csrf-token",
                "x-stainless-lang",
                "x-claude-code-session-id",
                "git-protocol",
            ],
        );
    }
}
