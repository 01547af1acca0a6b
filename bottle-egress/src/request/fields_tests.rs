use super::*;

fn check(kind: FieldKind, names: &[&str]) {
    for name in names {
        assert_eq!(field_kind(name), kind, "{name}");
    }
}

#[test]
fn credentials_are_told_by_their_words() {
    check(
        FieldKind::Credential,
        &[
            "authorization",
            "x-serverless-authorization",
            "x-ms-authorization-auxiliary",
            "authentication",
            "cookie",
            "cookie2",
            "x-api-key",
            "x_api_key",
            "x.api.key",
            "api-key",
            "apikey",
            "x-apikey",
            "x-key",
            "x-goog-api-key",
            "xi-api-key",
            "dd-api-key",
            "dd-application-key",
            "ocp-apim-subscription-key",
            "x-functions-key",
            "token",
            "x-token",
            "private-token",
            "x-auth-token",
            "x-accesstoken",
            "circle-token",
            "x-plex-token",
            "x-vault-token",
            "x-id-token",
            "x-amz-security-token",
            "x-shopify-access-token",
            "x-shopify-storefront-access-token",
            "x-shopify-hmac-sha256",
            "x-jfrog-art-api",
            "x-honeycomb-team",
            "dpop",
            "x-session-id",
            "session-id",
            "x-sessionid",
            "x-tfs-session",
            "x-sentry-auth",
            "paypal-auth-assertion",
            "x-auth-email",
            "x-password",
            "x-client-secret",
            "x-gitea-otp",
            "npm-otp",
            "signature",
            "x-slack-signature",
            "cf-access-client-id",
            "cf-access-jwt-assertion",
            "x-goog-iap-jwt-assertion",
            "x-goog-iam-authorization-token",
            "x-goog-authenticated-user-email",
            "x-amzn-oidc-data",
            "x-parse-application-id",
            "client-cert",
            "x-ssl-client-verify",
            "x-firebase-appcheck",
        ],
    );
}

#[test]
fn choices_of_an_account_are_told_by_their_words() {
    check(
        FieldKind::Account,
        &[
            "openai-organization",
            "openai-project",
            "chatgpt-account-id",
            "anthropic-organization-id",
            "anthropic-workspace-id",
            "stripe-account",
            "stripe_account",
            "stripe-context",
            "dropbox-api-select-user",
            "dropbox-api-select-admin",
            "dropbox-api-path-root",
            "xero-tenant-id",
            "sudo",
            "impersonate-user",
            "impersonate-extra-scopes",
            "x-tfs-impersonate",
            "x-hasura-role",
            "x-hasura-allowed",
            "x-goog-user-project",
            "x-goog-quota-project",
            "x-grafana-org-id",
            "x-scope-orgid",
            "x-vault-namespace",
            "x-redmine-switch-user",
            "api-username",
            "as-user",
            "on-behalf-of",
            "x-user-id",
            "remote-user",
            "client-id",
        ],
    );
}

#[test]
fn what_claims_another_request_or_describes_the_connection_is_told() {
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
            "x-forwarded-user",
            "x-forwarded-client-cert",
            "x-custom-ip-authorization",
        ],
    );
    check(
        FieldKind::Connection,
        &[
            "host",
            "connection",
            "te",
            "proxy-authorization",
            "transfer-encoding",
            "transfer_encoding",
            "content.length",
        ],
    );
}

/// What Claude Code, Codex, package managers and common clients send and need.
#[test]
fn fields_of_real_clients_pass() {
    check(
        FieldKind::Plain,
        &[
            "accept",
            "accept-language",
            "content-type",
            "content-encoding",
            "user-agent",
            "api-user-agent",
            "origin",
            "referer",
            "date",
            "etag",
            "if-none-match",
            "range",
            "traceparent",
            "x-amzn-trace-id",
            "x-request-id",
            "x-b3-traceid",
            "baggage",
            "sentry-trace",
            "idempotency-key",
            "x-idempotency-key",
            "x-csrf-token",
            "x-requested-with",
            "anthropic-version",
            "anthropic-beta",
            "anthropic-dangerous-direct-browser-access",
            "x-app",
            "x-client-request-id",
            "x-claude-code-session-id",
            "x-stainless-lang",
            "x-stainless-retry-count",
            "x-stainless-runtime-version",
            "openai-beta",
            "originator",
            "version",
            "conversation_id",
            "thread_id",
            "x-codex-turn-metadata",
            "x-codex-turn-state",
            "x-openai-subagent",
            "x-responsesapi-include-timing-metrics",
            "mcp-protocol-version",
            "mcp-session-id",
            "mcp-method",
            "git-protocol",
            "x-github-api-version",
            "npm-session",
            "npm-command",
            "npm-scope",
            "pacote-version",
            "cargo-protocol",
            "x-vault-request",
            "dropbox-api-arg",
            "notion-version",
            "x-goog-api-client",
            "x-goog-request-params",
            "x-amz-date",
            "x-amz-content-sha256",
            "x-amz-target",
            "x-ms-version",
            "x-team",
            "x-author",
            "grpc-timeout",
            "soapaction",
            "depth",
        ],
    );
}

#[test]
fn a_session_of_a_model_api_is_a_conversation() {
    assert!(names_a_conversation("chatgpt.com", "session_id"));
    assert!(names_a_conversation("api.openai.com", "session-id"));
    assert!(!names_a_conversation("a.example", "session_id"));
    assert!(!names_a_conversation("chatgpt.com", "x-session-id"));
}

#[test]
fn spellings_that_gateways_fold_are_one_field() {
    assert!(is_same_field("x-api-key", "x_api_key"));
    assert!(is_same_field("x-api-key", "x.api-key"));
    assert!(!is_same_field("x-api-key", "x-api-keys"));
}
