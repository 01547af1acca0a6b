//! Hosts of repositories, whose own interfaces could write what the git gate would have scanned.

use hyper::Method;

use super::{Rule, content, git, is_safe};
use crate::policy::CompiledRoute;
use crate::request::RequestFacts;

const HOSTS: &[&str] = &[
    "bitbucket.org",
    "api.bitbucket.org",
    "codeberg.org",
    "dev.azure.com",
    "framagit.org",
    "git.sr.ht",
    "gitea.com",
    "gitee.com",
    "github.com",
    "gitlab.com",
    "notabug.org",
    "pagure.io",
    "salsa.debian.org",
];

const DOMAINS: &[&str] = &[
    ".github.com",
    ".ghe.com",
    ".gitlab.com",
    ".visualstudio.com",
    ".sr.ht",
];

/// First labels under which organisations run forges of their own.
const LABELS: &[&str] = &["forgejo", "ghe", "git", "gitea", "github", "gitlab", "bitbucket"];

/// On a forge, writing is allowed in conversations only, where nothing becomes code: the paths are those of GitHub's
/// REST interface, which Gitea and Forgejo share. GitLab has none: its comments take commands, merging among them.
pub(super) fn check(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    if route.plan().git.api_write || !is_forge(facts.authority.host().as_str()) {
        return Ok(());
    }
    let path = facts.path.decoded().to_ascii_lowercase();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let reads = match segments.last() {
        Some(&"graphql") => *facts.method == Method::POST && content::is_graphql_query(facts),
        _ => is_safe(facts.method),
    };
    if reads || git::is_batch(facts) || git::is_fetch(facts) || is_conversation(facts.method, &segments) {
        return Ok(());
    }
    Err(Rule::ForgeWrite)
}

/// Tells whether the request is one for a forge's GraphQL interface.
pub(super) fn is_graphql(facts: &RequestFacts<'_>) -> bool {
    let mut segments = facts
        .path
        .decoded()
        .rsplit('/')
        .filter(|segment| !segment.is_empty());
    segments
        .next()
        .is_some_and(|last| last.eq_ignore_ascii_case("graphql"))
        && is_forge(facts.authority.host().as_str())
}

fn is_forge(host: &str) -> bool {
    let label = host.split('.').next().unwrap_or_default();
    HOSTS.contains(&host)
        || DOMAINS.iter().any(|domain| host.ends_with(domain))
        || (LABELS.contains(&label) && host.contains('.'))
}

fn is_conversation(method: &Method, segments: &[&str]) -> bool {
    let segments = match segments {
        ["api", "v1" | "v3", rest @ ..] => rest,
        other => other,
    };
    let writes = matches!(*method, Method::POST | Method::PATCH);
    let conversation = match segments {
        ["repos", _, _, "issues", rest @ ..] => rest.len() <= 3,
        ["repos", _, _, "pulls"] => true,
        [
            "repos",
            _,
            _,
            "pulls",
            _,
            "comments" | "reviews" | "requested_reviewers",
            rest @ ..,
        ] => rest.len() <= 2,
        _ => false,
    };
    writes && conversation
}
