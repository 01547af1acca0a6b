//! A bottle's file.

use bottle_document::{Diagnostics, Entry, Frontmatter, MapReader, PathBase, Source, Spanned, parse};
use bottle_plan::names::Name;
use bottle_routes::read_egress;

use super::files::{name, refuse_old_keys};
use super::{env, git_gate, provider, resources};
use crate::draft::BottleDraft;

/// A bottle's file, on its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct BottleFile {
    pub(crate) extends: Vec<Spanned<Name>>,
    pub(crate) draft: BottleDraft,
}

/// Lowers a bottle's file; what is wrong is reported and left out.
pub(crate) fn read_bottle(
    source: &Source,
    paths: &PathBase,
    diagnostics: &mut Diagnostics,
) -> Option<BottleFile> {
    let parts = Frontmatter::split(source, diagnostics)?;
    let root = parse(&parts.yaml, diagnostics)?;
    let mut keys = MapReader::new("a bottle", &root, diagnostics)?;
    let extends = keys.optional("extends");
    let env = keys.optional("env");
    let provider = keys.optional("agent_provider");
    let egress = keys.optional("egress");
    let git_gate = keys.optional("git-gate");
    let supervise = keys.optional("supervise");
    let resources = keys.optional("resources");
    refuse_old_keys(&mut keys, diagnostics);
    keys.finish(diagnostics);

    let extends = extends
        .map(|entry| read_extends(entry, diagnostics))
        .unwrap_or_default();
    let git_gate = git_gate
        .and_then(|entry| git_gate::read(entry, paths, diagnostics))
        .unwrap_or_default();
    let draft = BottleDraft {
        env: env.map(|entry| env::read(entry, diagnostics)).unwrap_or_default(),
        provider: provider
            .and_then(|entry| provider::read(entry, paths, diagnostics))
            .unwrap_or_default(),
        egress: egress.and_then(|entry| read_egress(entry, paths, diagnostics)),
        user: git_gate.user,
        repos: git_gate.repos,
        supervise: supervise.and_then(|entry| read_flag(entry, diagnostics)),
        resources: resources
            .and_then(|entry| resources::read(entry, diagnostics))
            .unwrap_or_default(),
    };
    Some(BottleFile { extends, draft })
}

/// One name, or a list of names.
fn read_extends(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<Spanned<Name>> {
    match entry.expect_list() {
        Ok(items) => items.iter().filter_map(|item| name(item, diagnostics)).collect(),
        Err(_) => super::files::named(entry, diagnostics).into_iter().collect(),
    }
}

pub(super) fn read_flag(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Spanned<bool>> {
    diagnostics
        .accept(entry.expect_bool())
        .map(|flag| entry.node.span.with(flag))
}
