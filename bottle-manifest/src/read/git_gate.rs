//! The git user and the repositories behind the gate.

use std::collections::BTreeMap;

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, PathBase, Source, Spanned, parse, quoted};
use bottle_plan::git::GitRepo;
use bottle_plan::names::RepoName;

use super::repo::read_repo;
use crate::draft::UserDraft;

/// A bottle's `git-gate` map.
#[derive(Debug, Default)]
pub(super) struct GitGateDraft {
    pub(super) user: UserDraft,
    pub(super) repos: Option<BTreeMap<RepoName, Spanned<GitRepo>>>,
}

pub(super) fn read(entry: &Entry, paths: &PathBase, diagnostics: &mut Diagnostics) -> Option<GitGateDraft> {
    let mut keys = MapReader::of_entry("`git-gate`", entry, diagnostics)?;
    let user = keys.optional("user");
    let repos = keys.optional("repos");
    keys.finish(diagnostics);
    let user = user
        .and_then(|entry| read_user(entry, diagnostics))
        .unwrap_or_default();
    let repos = repos.and_then(|entry| read_repos(entry, paths, diagnostics));
    Some(GitGateDraft { user, repos })
}

/// Reads a document of its own that holds a `git-gate` map and nothing else, as the standalone gate takes it.
///
/// Returns nothing if there was any error; warnings leave repositories.
pub fn read_repositories(
    source: &Source,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<GitRepo>> {
    let before = diagnostics.errors();
    let node = parse(&source.whole(), diagnostics)?;
    let mut keys = MapReader::new("a file of repositories", &node, diagnostics)?;
    let entry = keys.required("git-gate", diagnostics);
    keys.finish(diagnostics);
    let draft = entry.and_then(|entry| read(entry, paths, diagnostics))?;
    let repos = draft.repos.unwrap_or_default();
    if repos.is_empty() && diagnostics.errors() == before {
        let none = Diagnostic::error("no-repositories", "there is no repository");
        diagnostics.report(none.help("write one under `repos`, with a name and an `url`"));
    }
    (diagnostics.errors() == before).then(|| repos.into_values().map(|repo| repo.value).collect())
}

/// An agent's `git-gate` map: a claim of identity, and no way to a credential.
pub(super) fn read_of_agent(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<UserDraft> {
    let mut keys = MapReader::of_entry("`git-gate` of an agent", entry, diagnostics)?;
    let user = keys.optional("user");
    keys.refused("repos", diagnostics, |entry| {
        Diagnostic::error("repos-of-agent", "an agent cannot have repositories")
            .at(&entry.key.span)
            .help("repositories carry credentials: write them into a bottle")
    });
    keys.finish(diagnostics);
    user.and_then(|entry| read_user(entry, diagnostics))
}

fn read_user(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<UserDraft> {
    let before = diagnostics.errors();
    let mut keys = MapReader::of_entry("`user`", entry, diagnostics)?;
    let [name, email] = ["name", "email"].map(|key| keys.optional(key));
    keys.finish(diagnostics);
    let name = name.and_then(|entry| read_half(entry, diagnostics));
    let email = email.and_then(|entry| read_half(entry, diagnostics));
    if name.is_none() && email.is_none() && diagnostics.errors() == before {
        let empty = Diagnostic::error("empty-user", "`user` needs a name or an email").at(&entry.key.span);
        diagnostics.report(empty.help("leave `user` out if commits are to carry no name of yours"));
    }
    Some(UserDraft { name, email })
}

/// A name or address as git writes it between other things; an empty one counts as not written.
fn read_half(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<String>> {
    if entry.expect_string().is_ok_and(str::is_empty) {
        return None;
    }
    let text = bottle_routes::text(entry, diagnostics)?;
    if text.value.contains(['<', '>']) {
        let message = format!("{} cannot hold `<` or `>`", quoted(&entry.key.value));
        diagnostics.report(Diagnostic::error("bad-text", message).at(&text.span));
        return None;
    }
    Some(text)
}

fn read_repos(
    entry: &Entry,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<BTreeMap<RepoName, Spanned<GitRepo>>> {
    let map = diagnostics.accept(entry.expect_map())?;
    let read = |entry: &Entry| {
        let name = diagnostics.accept(read_repo_name(entry));
        let repo = read_repo(entry, name.as_ref(), paths, diagnostics);
        Some((name?, entry.key.span.with(repo?)))
    };
    Some(map.entries().iter().filter_map(read).collect())
}

fn read_repo_name(entry: &Entry) -> Result<RepoName, Diagnostic> {
    let key = &entry.key;
    key.value.parse().map_err(|_| {
        Diagnostic::error(
            "bad-name",
            format!("{} cannot name a repository", quoted(&key.value)),
        )
        .at(&key.span)
        .help("a repository's name has letters, digits, `.`, `_` and `-`, and is neither `.` nor `..`")
    })
}
