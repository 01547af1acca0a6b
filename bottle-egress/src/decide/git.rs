//! Git over HTTP: fetching where the route says so, pushing never.

use hyper::Method;
use hyper::header::CONTENT_TYPE;

use super::{Rule, content, is_safe};
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
        GitUse::LargeFiles if git.fetch && content::is_large_file_download(facts) => Ok(()),
        GitUse::LargeFiles if !git.api_write => Err(Rule::ForgeWrite),
        GitUse::None | GitUse::Fetch | GitUse::LargeFiles => Ok(()),
    }
}

/// Tells whether the request is the half of a fetch that posts, exactly as git sends it, and so is allowed where writing
/// is not: what merely looks like it may be something else to the server.
pub(super) fn is_fetch(facts: &RequestFacts<'_>) -> bool {
    let mut types = facts.headers.get_all(CONTENT_TYPE).into_iter();
    let only = (types.next().map(|kind| kind.as_bytes()), types.next());
    *facts.method == Method::POST
        && facts.path.decoded().ends_with("/git-upload-pack")
        && facts.query.as_str().is_empty()
        && matches!(only, (Some(b"application/x-git-upload-pack-request"), None))
}

/// Tells whether the request asks where large files can be got or put. Its own check comes before that of forges.
pub(super) fn is_batch(facts: &RequestFacts<'_>) -> bool {
    let path = facts.path.decoded().trim_end_matches('/').as_bytes();
    let end = path
        .len()
        .checked_sub(BATCH.len())
        .and_then(|start| path.get(start..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(BATCH.as_bytes()))
}

const BATCH: &str = "/info/lfs/objects/batch";

/// Reads the path with every encoded slash as a slash, so that no spelling hides a push.
fn classify(facts: &RequestFacts<'_>) -> GitUse {
    let mut services = facts.query.values("service");
    if services.any(|service| service.contains("receive-pack")) || sends(facts, b"git-receive-pack") {
        return GitUse::Push;
    }
    let mut from_end = segments_from_end(facts.path.decoded());
    let last = from_end.next().unwrap_or_default();
    let is = |name: &str| last.eq_ignore_ascii_case(name);
    if is("git-receive-pack") {
        return GitUse::Push;
    }
    let discovers = is("refs")
        && from_end
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("info"));
    if discovers || is("git-upload-pack") || is("git-upload-archive") || sends(facts, b"git-upload-pack") {
        return GitUse::Fetch;
    }
    match !is_safe(facts.method) && has(facts.path.decoded().as_bytes(), b"/info/lfs/") {
        true => GitUse::LargeFiles,
        false => GitUse::None,
    }
}

fn sends(facts: &RequestFacts<'_>, service: &[u8]) -> bool {
    let mut types = facts.headers.get_all(CONTENT_TYPE).into_iter();
    types.any(|kind| has(kind.as_bytes(), service))
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

/// The segments, last first, without path parameters.
fn segments_from_end(path: &str) -> impl Iterator<Item = &str> {
    let named = path.rsplit('/').filter(|segment| !segment.is_empty());
    named.map(|segment| segment.split(';').next().unwrap_or_default())
}
