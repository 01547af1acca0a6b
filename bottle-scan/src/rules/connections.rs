//! Credentials inside addresses and connection strings.

use super::{Check, Lead, Rule, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "database-url",
        &[
            "postgres://", "postgresql://", "mysql://", "mysqlx://", "mariadb://", "mongodb://", "mongodb+srv://", "redis://",
            "rediss://", "clickhouse://", "cockroachdb://", "mssql://", "sqlserver://", "oracle://", "neo4j://", "bolt://",
        ],
        USER_AND_PASSWORD,
        &["ada:{A16}@db.internal.acme.dev:5432/app"],
        &["ada@db.internal.acme.dev:5432/app", "user:password@localhost/app", "ada:${DB_PASS}@db/app"],
        "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
    )
    .lead(Lead::Free)
    .check(Check::Password)
    .entropy(2.5),
    token(
        "broker-url",
        &["amqp://", "amqps://", "nats://", "mqtt://", "mqtts://", "kafka://", "stomp://"],
        USER_AND_PASSWORD,
        &["ada:{A16}@mq.internal.acme.dev:5672/app"],
        &["guest:guest@localhost:5672", "ada@mq.internal.acme.dev"],
        "https://www.rabbitmq.com/docs/uri-spec",
    )
    .lead(Lead::Free)
    .check(Check::Password)
    .entropy(2.5),
    token(
        "transfer-url",
        &["ftp://", "ftps://", "sftp://", "smtp://", "smtps://", "imap://", "imaps://", "ldap://", "ldaps://", "smb://"],
        USER_AND_PASSWORD,
        &["ada:{A16}@files.internal.acme.dev/in"],
        &["ada@files.internal.acme.dev/in", "user:pass@host/in"],
        "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
    )
    .lead(Lead::Free)
    .check(Check::Password)
    .entropy(2.5),
    token(
        "web-url",
        &["https://", "http://", "socks5://", "git+https://"],
        USER_AND_PASSWORD,
        &["ada:{A20}@git.acme.dev/team/app.git"],
        &["ada@git.acme.dev/team/app.git", "user:password@acme.dev/", "acme.dev:8080/x@y", "${USER}:${PASS}@acme.dev"],
        "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
    )
    .lead(Lead::Free)
    .check(Check::Password)
    .entropy(3.0)
    .generic(),
    token(
        "basic-authorization",
        &["Authorization: Basic ", "authorization: basic ", "Authorization\": \"Basic ", "authorization\":\"Basic ", "authorization\": \"Basic "],
        "([0-9A-Za-z+/]{8,400}={0,2})",
        &["{basic}"],
        &["{b6}", "dXNlcjpwYXNz"],
        "https://www.rfc-editor.org/rfc/rfc7617",
    )
    .check(Check::Credentials)
    .generic(),
    token(
        "bearer-authorization",
        &["Authorization: Bearer ", "authorization: bearer ", "Authorization\": \"Bearer ", "authorization\":\"Bearer ", "authorization\": \"Bearer "],
        r"([\w.~+/-]{20,2000}={0,2})",
        &["{A40}"],
        &["{A10}", "$TOKEN_FROM_ENVIRONMENT", "your_access_token_goes_here"],
        "https://www.rfc-editor.org/rfc/rfc6750",
    )
    .check(Check::Random)
    .entropy(3.6)
    .reach(2_048)
    .generic(),
    token(
        "sql-connection-string",
        &["Password=", "password=", "Pwd=", "pwd="],
        r#"([^;"'\s<>{}$%&()*]{8,64});(?i:\s?(?:server|data source|database|initial catalog|user id|uid|encrypt|trusted_connection|persist security info|multipleactiveresultsets|port|host)\b)"#,
        &["{A16};Database=app"],
        &["{A16}", "secret;Database=app"],
        "https://learn.microsoft.com/en-us/dotnet/framework/data/adonet/connection-string-syntax",
    )
    .entropy(2.8)
    .check(Check::Password),
    token(
        "netrc-password",
        &["machine "],
        r"[\w.-]{3,80}\s{1,8}login\s{1,4}\S{1,80}\s{1,8}password\s{1,4}([^\s]{8,80})",
        &["git.acme.dev login ada password {A16}"],
        &["git.acme.dev login ada"],
        "https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
    )
    .check(Check::Password),
    token(
        "pgpass-line",
        &[":5432:"],
        r"[\w*-]{1,63}:[\w*-]{1,63}:([^\s:]{8,80})",
        &["app:ada:{A16}"],
        &["app:ada"],
        "https://www.postgresql.org/docs/current/libpq-pgpass.html",
    )
    .lead(Lead::Free)
    .check(Check::Password)
    .entropy(3.0),
    token(
        "curl-user",
        &["curl "],
        r#"[^\n]{0,200}?(?:-u|--user)[ =]["']?[\w.@-]{1,64}:([^\s"'$<>{}]{8,80})"#,
        &["-s -u ada:{A16} https://acme.dev/"],
        &["-s -u ada https://acme.dev/", "-u ada:$PASSWORD https://acme.dev/"],
        "https://curl.se/docs/manpage.html#-u",
    )
    .check(Check::Password)
    .entropy(3.0),
];

/// A name, a colon, a password and an at sign, before any path.
const USER_AND_PASSWORD: &str = r#"[^\s:/@"'`<>(){}\[\]\\,|$&;]{0,80}:([^\s:/@"'`<>\\|,;]{5,120})@[\w\[]"#;
