//! Values without a shape of their own, known by the name they are given.

use super::{Check, Rule, assigned, named};

pub(super) const RULES: &[Rule] = &[
    named(
        "aws-secret-access-key",
        &[
            "aws_secret",
            "aws.secret",
            "secretaccesskey",
            "secret_access_key",
            "aws_sec",
        ],
        assigned!("[0-9A-Za-z+/]{40}"),
        &["_access_key = {b40}", r#"": "{b40}""#],
        &[
            "_access_key = {b20}",
            "_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
        ],
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
    )
    .check(Check::Mixed)
    .entropy(4.0),
    named(
        "aws-session-token",
        &["aws_session_token", "sessiontoken"],
        assigned!("[0-9A-Za-z+/]{100,1200}={0,2}"),
        &[" = {b300}"],
        &[" = {b40}"],
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html",
    )
    .entropy(4.5)
    .reach(2_048),
    named(
        "azure-key",
        &[
            "azure_openai",
            "azure_api",
            "ocp-apim-subscription-key",
            "azure_search",
            "cosmos_key",
            "azure_storage_key",
        ],
        assigned!("(?:[0-9a-f]{32}|[0-9A-Za-z]{52}|[0-9A-Za-z]{84}|[0-9A-Za-z+/]{86}==)"),
        &["_key = {h32}", "_key = {A52}"],
        &["_key = {h20}"],
        "https://learn.microsoft.com/en-us/azure/ai-services/authentication",
    )
    .check(Check::Mixed),
    named(
        "ai-provider-key",
        &[
            "mistral",
            "cohere",
            "together_api",
            "ai21",
            "anyscale",
            "deepgram",
            "assemblyai",
            "stability",
            "voyage_api",
        ],
        assigned!("(?:[0-9a-f]{40}|[0-9a-f]{32}|[0-9A-Za-z]{64}|[0-9A-Za-z]{40}|[0-9A-Za-z]{32})"),
        &["_api_key = \"{A32}\"", "_api_key: {h40}"],
        &["_api_key = \"{A16}\"", "_api_key = load_the_key_from_the_env_ok"],
        "https://docs.mistral.ai/getting-started/quickstart/",
    )
    .check(Check::Random)
    .entropy(3.5),
    named(
        "oauth-client-secret",
        &["client_secret", "clientsecret", "client-secret"],
        assigned!("[0-9A-Za-z._~+/-]{16,120}={0,2}"),
        &[" = \"{A32}\""],
        &[
            " = \"your_client_secret_goes_here\"",
            " = config.get_client_secret",
        ],
        "https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1",
    )
    .check(Check::Random)
    .entropy(3.6)
    .generic(),
    named(
        "signing-secret",
        &[
            "jwt_secret",
            "jwtsecret",
            "secret_key_base",
            "signing_secret",
            "session_secret",
            "webhook_secret",
            "encryption_key",
        ],
        assigned!("[0-9A-Za-z._~+/-]{20,160}={0,2}"),
        &[" = \"{A40}\""],
        &[
            " = \"change_me_to_something_random\"",
            " = settings.SIGNING_SECRET_VALUE",
        ],
        "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
    )
    .check(Check::Random)
    .entropy(3.6)
    .generic(),
    named(
        "api-key",
        &[
            "api_key",
            "apikey",
            "api-key",
            "api_token",
            "apitoken",
            "access_key",
            "secret_key",
            "secretkey",
            "private_key",
        ],
        assigned!("[0-9A-Za-z._~+/-]{24,128}={0,2}"),
        &[" = \"{A32}\"", r#"":"{A40}""#],
        &[
            " = \"your_api_key_goes_right_here\"",
            " = options.api_key.for_the_request",
            " = \"{l40}\"",
        ],
        "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
    )
    .check(Check::Random)
    .entropy(3.8)
    .generic(),
    named(
        "auth-token",
        &[
            "auth_token",
            "authtoken",
            "access_token",
            "accesstoken",
            "bearer_token",
            "refresh_token",
            "x-auth-token",
        ],
        assigned!("[0-9A-Za-z._~+/-]{24,512}={0,2}"),
        &[" = \"{A40}\"", r#"":"{A40}""#],
        &[" = \"{l40}\"", " = response.data.access_token.value"],
        "https://www.rfc-editor.org/rfc/rfc6749#section-1.4",
    )
    .check(Check::Random)
    .entropy(3.8)
    .reach(1_024)
    .generic(),
    named(
        "password",
        &[
            "db_password",
            "dbpassword",
            "database_password",
            "root_password",
            "admin_password",
            "mysql_pwd",
            "pgpassword",
            "redis_password",
            "smtp_password",
        ],
        assigned!(r#"[^\s"'`$<>{}()\[\],;]{12,64}"#),
        &["=\"{A20}\""],
        &[
            "=\"password\"",
            "=$DB_PASSWORD",
            "=changeme",
            "=os.environ.get('DB')",
        ],
        "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
    )
    .check(Check::Random)
    .entropy(3.2)
    .generic(),
];
