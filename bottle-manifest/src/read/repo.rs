//! One repository behind the gate.

use std::path::PathBuf;

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, Node, PathBase, quoted};
use bottle_plan::git::{CiFiles, ExtraScanner, GitAllow, GitKey, GitRepo};
use bottle_plan::names::{EnvName, RepoName};
use bottle_routes::host_variable;

use super::files::existing_file;
use super::git_url::{Transport, check_host_key, read_url};

pub(super) fn read_repo(
    entry: &Entry,
    name: Option<&RepoName>,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<GitRepo> {
    let mut keys = MapReader::of_entry("a repository", entry, diagnostics)?;
    let url_entry = keys.required("url", diagnostics);
    let [host_key, key, branches] = ["host_key", "key", "branches"].map(|key| keys.optional(key));
    let [allow, push_options] = ["allow", "push_options"].map(|key| keys.optional(key));
    let [ci_files, scan] = ["ci_files", "scan"].map(|key| keys.optional(key));
    keys.finish(diagnostics);

    let url = url_entry.and_then(|entry| read_url(entry, diagnostics));
    let transport = url.as_ref().map(|(transport, _)| *transport);
    let host_key = read_host_key(host_key, url_entry.zip(transport), diagnostics);
    let key = key.and_then(|entry| read_key(entry, transport, paths, diagnostics));
    let branches = branches
        .map(|entry| read_branches(entry, diagnostics))
        .unwrap_or_default();
    let allow = allow
        .and_then(|entry| read_allow(entry, diagnostics))
        .unwrap_or_default();
    let push_options = push_options
        .map(|entry| read_options(entry, diagnostics))
        .unwrap_or_default();
    let ci_files = ci_files
        .and_then(|entry| read_ci_files(entry, diagnostics))
        .unwrap_or_default();
    let scan = scan.and_then(|entry| read_scan(entry, paths, diagnostics));
    let (scan_allowlist, scanners) = scan.unwrap_or_default();
    let (name, (_, url)) = (name?.clone(), url?);
    Some(GitRepo {
        name,
        url,
        host_key,
        key,
        branches,
        allow,
        push_options,
        ci_files,
        scan_allowlist,
        scanners,
    })
}

/// An ssh host is known by a key that its user pinned: nothing is trusted on first use.
fn read_host_key(
    host_key: Option<&Entry>,
    url: Option<(&Entry, Transport)>,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    match (host_key, url) {
        (None, Some((url, Transport::Ssh))) => {
            let message = "an ssh repository needs `host_key`";
            let missing = Diagnostic::error("missing-key", message).at(&url.node.span);
            let help = "print it with `ssh-keyscan`, compare it with what the host publishes, and write type and key here";
            diagnostics.report(missing.help(help));
            None
        }
        (Some(entry), Some((_, Transport::Https))) => {
            diagnostics.report(
                Diagnostic::error("needless-key", "`host_key` belongs to ssh alone").at(&entry.key.span),
            );
            None
        }
        (Some(entry), _) => {
            let text = bottle_routes::text(entry, diagnostics)?;
            diagnostics.accept(check_host_key(entry, &text.value))?;
            Some(text.value)
        }
        (None, _) => None,
    }
}

#[derive(Clone, Copy)]
enum KeyKind {
    Static,
    SshAgent,
    Gitea,
    Github,
    Token,
}

fn read_key(
    entry: &Entry,
    transport: Option<Transport>,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<GitKey> {
    let mut keys = MapReader::of_entry("`key`", entry, diagnostics)?;
    let provider = keys.required("provider", diagnostics)?;
    let kind = diagnostics.accept(provider.expect_keyword([
        ("static", KeyKind::Static),
        ("ssh-agent", KeyKind::SshAgent),
        ("gitea", KeyKind::Gitea),
        ("github", KeyKind::Github),
        ("token", KeyKind::Token),
    ]))?;
    let key = read_kind(kind, &mut keys, paths, diagnostics);
    keys.finish(diagnostics);
    check_fits(provider, kind, transport, diagnostics)?;
    key
}

/// Each kind has its own keys, so that a key of another kind is an unknown one.
fn read_kind(
    kind: KeyKind,
    keys: &mut MapReader<'_>,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<GitKey> {
    let (name, make): (&'static str, fn(EnvName) -> GitKey) = match kind {
        KeyKind::SshAgent => return Some(GitKey::SshAgent),
        KeyKind::Static => {
            let path = keys.required("path", diagnostics)?;
            return existing_file(path, paths, diagnostics).map(|path| GitKey::Static { path: path.value });
        }
        KeyKind::Gitea => ("forge_token_env", |forge_token_env| GitKey::Gitea {
            forge_token_env,
        }),
        KeyKind::Github => ("forge_token_env", |forge_token_env| GitKey::Github {
            forge_token_env,
        }),
        KeyKind::Token => ("token_ref", |token_ref| GitKey::Token { token_ref }),
    };
    let token = keys.required(name, diagnostics)?;
    host_variable(token, diagnostics).map(|token| make(token.value))
}

fn check_fits(
    provider: &Entry,
    kind: KeyKind,
    transport: Option<Transport>,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let (wanted, help) = match kind {
        KeyKind::Token => (Transport::Https, "a token is for https addresses"),
        _ => (
            Transport::Ssh,
            "an ssh key is for ssh addresses; for https write {provider: token, token_ref: NAME}",
        ),
    };
    if transport.is_none_or(|transport| transport == wanted) {
        return Some(());
    }
    let message = "this key does not fit the repository's address";
    diagnostics.report(
        Diagnostic::error("key-of-other-transport", message)
            .at(&provider.node.span)
            .help(help),
    );
    None
}

fn read_branches(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<String> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    if items.is_empty() && entry.expect_list().is_ok() {
        let empty =
            Diagnostic::error("empty-list", "`branches` cannot be an empty list").at(&entry.node.span);
        diagnostics.report(empty.help("leave the key out for the bottle's own branches alone"));
    }
    items
        .iter()
        .filter_map(|item| diagnostics.accept(read_branch(item)))
        .collect()
}

/// A branch name of git's (`git check-ref-format`), in which `*` stands for any characters.
fn read_branch(item: &Node) -> Result<String, Diagnostic> {
    let text = item.expect_string()?;
    let refuse = |help: &str| {
        let message = format!("{} is not a pattern of branches", quoted(text));
        Err(Diagnostic::error("bad-branch", message).at(&item.span).help(help))
    };
    if text.starts_with("refs/") {
        return refuse("write the name below refs/heads/; there are no other refs");
    }
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"~^:?[\\".contains(&byte) || !byte.is_ascii();
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    let is_odd = text.starts_with('-')
        || text.ends_with('.')
        || text.contains("..")
        || text.contains("@{")
        || text == "@";
    let has_control = text.chars().any(char::is_control);
    if text.len() > 200
        || has_control
        || is_odd
        || !text.bytes().all(is_allowed)
        || text.split('/').any(bad_part)
    {
        return refuse("write a branch name as git allows it, with `*` for any characters: feature/*");
    }
    Ok(text.to_owned())
}

fn read_allow(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<GitAllow> {
    let mut keys = MapReader::of_entry("`allow`", entry, diagnostics)?;
    let [force, delete, tags] = ["force", "delete", "tags"].map(|key| {
        let flag = keys
            .optional(key)
            .and_then(|entry| diagnostics.accept(entry.expect_bool()));
        flag.unwrap_or_default()
    });
    keys.finish(diagnostics);
    Some(GitAllow { force, delete, tags })
}

fn read_options(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<String> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    let option = |item: &Node| {
        let text = diagnostics.accept(item.expect_string())?;
        if text.is_empty() || text.chars().any(char::is_control) {
            let message = "a push option cannot be empty or hold control characters";
            diagnostics.report(Diagnostic::error("bad-text", message).at(&item.span));
            return None;
        }
        Some(text.to_owned())
    };
    items.iter().filter_map(option).collect()
}

fn read_ci_files(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<CiFiles> {
    let words = [
        ("ask", CiFiles::Ask),
        ("allow", CiFiles::Allow),
        ("refuse", CiFiles::Refuse),
    ];
    diagnostics.accept(entry.expect_keyword(words))
}

/// What is accepted, and who reads pushes too.
fn read_scan(
    entry: &Entry,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<(Option<PathBuf>, Vec<ExtraScanner>)> {
    let mut keys = MapReader::of_entry("`scan`", entry, diagnostics)?;
    let [allowlist, scanners] = ["allowlist", "scanners"].map(|key| keys.optional(key));
    keys.finish(diagnostics);
    if allowlist.is_none() && scanners.is_none() {
        let empty = Diagnostic::error("empty-scan", "`scan` says nothing").at(&entry.key.span);
        diagnostics.report(empty.help("write `allowlist`, a file, or `scanners`, a list of programs"));
    }
    let allowlist = allowlist
        .and_then(|entry| existing_file(entry, paths, diagnostics))
        .map(|path| path.value);
    let scanners = scanners
        .map(|entry| read_scanners(entry, diagnostics))
        .unwrap_or_default();
    Some((allowlist, scanners))
}

fn read_scanners(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<ExtraScanner> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    let read = |item: &Node| {
        let text = item.expect_string()?;
        let found = ExtraScanner::ALL
            .into_iter()
            .find(|scanner| scanner.program() == text);
        found.ok_or_else(|| {
            Diagnostic::error("unknown-value", format!("{} is no scanner", quoted(text)))
                .at(&item.span)
                .help("a scanner is `gitleaks` or `betterleaks`")
        })
    };
    let mut scanners: Vec<ExtraScanner> = items
        .iter()
        .filter_map(|item| diagnostics.accept(read(item)))
        .collect();
    scanners.sort_unstable();
    scanners.dedup();
    scanners
}
