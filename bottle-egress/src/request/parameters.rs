//! Which query parameters are credentials.
//!
//! Parameters are an API's own words far more often than header fields are: `page_token`, `sortKey` and `session_id`
//! must reach it. So the last word of a name decides, and for `token` and `key` the word before it.

use super::words::fold;

/// What the name of a parameter says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterKind {
    /// A key or token that names an account, or the choice of another user.
    Key,
    /// A part of a signed URL.
    Signature,
    /// Another method than the request's own.
    MethodOverride,
    /// Anything else.
    Plain,
}

const METHODS: &[&str] = &[
    "-httpmethod",
    "-method",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Parts of signed URLs, as one word.
const SIGNATURES: &[&str] = &[
    "awsaccesskeyid",
    "googleaccessid",
    "sig",
    "xamzcredential",
    "xamzsecuritytoken",
    "xgoogcredential",
    "xosscredential",
    "xosssecuritytoken",
];

/// Whole names that are keys or choose a user, as one word.
const KEYS: &[&str] = &[
    "appid",
    "asuser",
    "authuser",
    "connectsid",
    "doas",
    "key",
    "keys",
    "onbehalfof",
    "runas",
    "sid",
    "sudo",
    "switchuser",
    "userproject",
];

/// Ends of names that are credentials whatever stands before, as one word.
const KEY_ENDS: &[&str] = &[
    "accesskeyid",
    "apikeys",
    "assertion",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "sessid",
    "jsessionid",
];

/// What makes a key of the word `key`: an issue's, a cache's or a sort order's is none.
const KEY_OWNERS: &[&str] = &[
    "access",
    "account",
    "admin",
    "api",
    "app",
    "application",
    "auth",
    "client",
    "consumer",
    "dev",
    "developer",
    "function",
    "functions",
    "ingest",
    "ingestion",
    "instrumentation",
    "integration",
    "licence",
    "license",
    "master",
    "private",
    "publishable",
    "rest",
    "routing",
    "secret",
    "server",
    "service",
    "shared",
    "signing",
    "subscription",
    "user",
    "write",
];

/// What makes a bookmark, or a protection against repetition, of the word `token`.
const BOOKMARKS: &[&str] = &[
    "change",
    "changes",
    "consistency",
    "continuation",
    "continue",
    "csrf",
    "csrfmiddleware",
    "cursor",
    "delta",
    "idempotency",
    "last",
    "list",
    "marker",
    "next",
    "nextpage",
    "nextsync",
    "offset",
    "page",
    "pagination",
    "paging",
    "position",
    "prev",
    "previous",
    "resume",
    "resumption",
    "skip",
    "start",
    "sync",
    "watch",
    "xsrf",
];

/// Classifies a query parameter by its decoded name.
pub(super) fn parameter_kind(name: &str) -> ParameterKind {
    // Some servers end a name there.
    let name = name.split('\0').next().unwrap_or_default().trim();
    if METHODS.contains(&&*fold(&name.to_ascii_lowercase())) {
        return ParameterKind::MethodOverride;
    }
    let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let word = word.to_ascii_lowercase();
    if SIGNATURES.contains(&&*word) || word.ends_with("signature") {
        ParameterKind::Signature
    } else if is_key(&word) {
        ParameterKind::Key
    } else {
        ParameterKind::Plain
    }
}

/// Takes a name as one word: where it has hyphens, capitals, brackets or dots is each program's own taste.
fn is_key(word: &str) -> bool {
    if KEYS.contains(&word) || KEY_ENDS.iter().any(|end| word.ends_with(end)) {
        return true;
    }
    if word == "auth"
        || word.ends_with("oauth")
        || word.starts_with("oauth")
        || word.starts_with("impersonat")
    {
        return true;
    }
    if let Some(of) = word.strip_suffix("token") {
        return !BOOKMARKS.iter().any(|bookmark| of.ends_with(bookmark));
    }
    let owner = word.strip_suffix("key");
    owner.is_some_and(|of| KEY_OWNERS.iter().any(|owner| of.ends_with(owner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ParameterKind, names: &[&str]) {
        for name in names {
            assert_eq!(parameter_kind(name), kind, "{name}");
        }
    }

    #[test]
    fn keys_are_told_whatever_their_spelling() {
        check(
            ParameterKind::Key,
            &[
                "key",
                "KEY",
                "api_key",
                "api-key",
                "apikey",
                "apiKey",
                "API key",
                "api.key",
                "api[key",
                "api[key]",
                " api_key",
                "api_key\0x",
                "key[]",
                "x-api-key",
                "subscription-key",
                "user_key",
                "token",
                "token[]",
                "access_token",
                "accessToken",
                "access.token",
                "session_token",
                "id_token",
                "private_token",
                "X-Plex-Token",
                "auth",
                "oauth_consumer_key",
                "client_secret",
                "user[password]",
                "PHPSESSID",
                "jsessionid",
                "jwt",
                "sudo",
                "_switch_user",
                "authuser",
                "userProject",
                "impersonate_user",
                "appid",
            ],
        );
    }

    #[test]
    fn words_of_an_api_are_no_keys() {
        check(
            ParameterKind::Plain,
            &[
                "beta",
                "pageToken",
                "page_token",
                "nextPageToken",
                "next_token",
                "continuation-token",
                "syncToken",
                "csrf_token",
                "max_tokens",
                "max-keys",
                "key-marker",
                "startkey",
                "endkey",
                "sortKey",
                "issue_key",
                "partition_key",
                "keyword",
                "monkey",
                "author",
                "session_id",
                "passenger",
                "design",
                "project",
                "user",
            ],
        );
    }

    #[test]
    fn parts_of_signed_urls_are_not_left_out() {
        check(
            ParameterKind::Signature,
            &[
                "X-Amz-Signature",
                "X-Amz-Security-Token",
                "Signature",
                "sig",
                "GoogleAccessId",
                "AWSAccessKeyId",
            ],
        );
        check(ParameterKind::Plain, &["Key-Pair-Id", "X-Amz-Date", "se"]);
    }

    #[test]
    fn other_methods_are_told() {
        check(
            ParameterKind::MethodOverride,
            &[
                "_method",
                " _method",
                "$httpMethod",
                "X-HTTP-Method-Override",
                "x_http_method",
            ],
        );
        check(ParameterKind::Plain, &["method", "payment_method"]);
    }
}
