//! Registries of packages and images.

use super::{Check, Lead, Rule, assigned, named, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "npm-access-token",
        &["npm_"],
        "[0-9A-Za-z]{36}",
        &["{crc}"],
        &["{A36}"],
        "https://github.blog/security/announcing-npms-new-access-token-format/",
    )
    .check(Check::Crc32Base62)
    .lead(Lead::Free),
    token(
        "npmrc-auth-token",
        &[":_authToken="],
        "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
        &["{u}"],
        &["${NPM_TOKEN}"],
        "https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-npm-registry",
    )
    .lead(Lead::Free),
    token(
        "npmrc-basic-auth",
        &[":_auth="],
        r#""?([0-9A-Za-z+/]{16,200}={0,2})"#,
        &["{basic}"],
        &["{b12}"],
        "https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-npm-registry",
    )
    .lead(Lead::Free)
    .check(Check::Credentials),
    token(
        "pypi-upload-token",
        &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"],
        r"[\w-]{50,1000}",
        &["{w150}"],
        &["{w20}"],
        "https://github.com/pypi/warehouse",
    )
    .reach(2048),
    token(
        "rubygems-api-key",
        &["rubygems_"],
        "[0-9a-f]{48}",
        &["{h48}"],
        &["{h40}"],
        "https://github.com/rubygems/guides",
    ),
    token(
        "cargo-registry-token",
        &["cio"],
        "[0-9A-Za-z]{32}",
        &["{A32}"],
        &["{A20}"],
        "https://doc.rust-lang.org/cargo/reference/publishing.html",
    )
    .check(Check::Mixed)
    .lead(Lead::Alone)
    .entropy(3.6),
    token(
        "nuget-api-key",
        &["oy2"],
        "[0-9a-z]{43}",
        &["{a43}"],
        &["{a30}"],
        "https://learn.microsoft.com/en-us/nuget/nuget-org/publish-a-package",
    )
    .check(Check::Mixed)
    .entropy(3.6),
    token(
        "docker-access-token",
        &["dckr_pat_"],
        r"[\w-]{27}",
        &["{w27}"],
        &["{w15}"],
        "https://docs.docker.com/security/access-tokens/",
    ),
    token(
        "docker-organization-token",
        &["dckr_oat_"],
        r"[\w-]{32}",
        &["{w32}"],
        &["{w15}"],
        "https://docs.docker.com/enterprise/security/access-tokens/",
    ),
    token(
        "docker-config-auth",
        &[r#""auth""#],
        r#"\s{0,4}:\s{0,4}"([0-9A-Za-z+/]{12,400}={0,2})""#,
        &[r#": "{basic}""#],
        &[r#": "{b8}""#],
        "https://docs.docker.com/reference/cli/docker/login/",
    )
    .lead(Lead::Free)
    .check(Check::Credentials),
    token(
        "artifactory-api-key",
        &["AKCp"],
        "[0-9A-Za-z]{69}",
        &["{A69}"],
        &["{A40}"],
        "https://jfrog.com/help/r/jfrog-platform-administration-documentation/api-key",
    ),
    token(
        "artifactory-reference-token",
        &["cmVmdGtu"],
        "[0-9A-Za-z+/]{56}",
        &["{b56}"],
        &["{b30}"],
        "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens",
    ),
    token(
        "clojars-token",
        &["CLOJARS_"],
        "[0-9a-z]{60}",
        &["{a60}"],
        &["{a40}"],
        "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens",
    ),
    named(
        "hex-pm-key",
        &["hex"],
        assigned!("[0-9a-f]{32}"),
        &["_api_key = {h32}"],
        &["_api_key = {h20}"],
        "https://hex.pm/docs/publish",
    )
    .entropy(2.8),
    named(
        "cloudsmith-api-key",
        &["cloudsmith"],
        assigned!("[0-9a-f]{40}"),
        &["_api_key = {h40}"],
        &["_api_key = {h20}"],
        "https://help.cloudsmith.io/docs/api-key",
    ),
    named(
        "packagecloud-token",
        &["packagecloud"],
        assigned!("[0-9a-f]{48}"),
        &["_token = {h48}"],
        &["_token = {h20}"],
        "https://packagecloud.io/docs/api",
    ),
    named(
        "gemfury-token",
        &["fury"],
        assigned!(r"[\w-]{20}"),
        &[r#"_push_token = "{w20}""#],
        &[r#"_push_token = "{w10}""#],
        "https://gemfury.com/help/tokens/",
    )
    .check(Check::Random)
    .entropy(3.8),
];
