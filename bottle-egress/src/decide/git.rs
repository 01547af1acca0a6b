//! Git over HTTP: fetching where the route says so, pushing never.

use hyper::header::CONTENT_TYPE;

use super::{Rule, is_safe};
use crate::policy::CompiledRoute;
use crate::request::RequestFacts;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GitUse {
    None,
    Fetch,
    Push,
    LargeFiles,
}

pub(super) fn check(route: &CompiledRoute, facts: &RequestFacts<'_>) -> Result<(), Rule> {
    let git = route.plan().git;
    match classify(facts) {
        GitUse::Push => Err(Rule::GitPush),
        GitUse::Fetch if !git.fetch => Err(Rule::GitFetch),
        GitUse::LargeFiles if !git.api_write => Err(Rule::ForgeWrite),
        GitUse::None | GitUse::Fetch | GitUse::LargeFiles => Ok(()),
    }
}

/// Tells whether the request is one half of a fetch, and so allowed to POST where writing is not.
pub(super) fn is_fetch(facts: &RequestFacts<'_>) -> bool {
    classify(facts) == GitUse::Fetch
}

/// Reads the path with every encoded slash as a slash, so that no spelling hides a push.
fn classify(facts: &RequestFacts<'_>) -> GitUse {
    let mut services = facts.query.values("service");
    if services.any(|service| service.contains("receive-pack")) || sends(facts, "git-receive-pack") {
        return GitUse::Push;
    }
    let mut from_end = segments_from_end(facts.path.decoded());
    match (from_end.next().as_deref(), from_end.next().as_deref()) {
        (Some("git-receive-pack"), _) => GitUse::Push,
        (Some("git-upload-pack" | "git-upload-archive"), _) | (Some("refs"), Some("info")) => GitUse::Fetch,
        _ if sends(facts, "git-upload-pack") => GitUse::Fetch,
        _ if !is_safe(facts.method) && is_large_files(facts.path.decoded()) => GitUse::LargeFiles,
        _ => GitUse::None,
    }
}

fn sends(facts: &RequestFacts<'_>, service: &str) -> bool {
    let types = facts.headers.get_all(CONTENT_TYPE).into_iter();
    let mut types = types.map(|value| value.as_bytes().to_ascii_lowercase());
    types.any(|kind| kind.windows(service.len()).any(|part| part == service.as_bytes()))
}

/// The segments in lower case, last first, without path parameters.
fn segments_from_end(path: &str) -> impl Iterator<Item = String> {
    let named = path.rsplit('/').filter(|segment| !segment.is_empty());
    named.map(|segment| segment.split(';').next().unwrap_or_default().to_ascii_lowercase())
}

fn is_large_files(path: &str) -> bool {
    path.to_ascii_lowercase().contains("/info/lfs/")
}
