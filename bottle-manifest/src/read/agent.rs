//! An agent's file: the user's own, or one that a repository ships.

use bottle_document::{
    Diagnostic, Diagnostics, Entry, Frontmatter, MapReader, Node, Source, Spanned, parse, quoted,
};
use bottle_plan::names::Name;

use super::files::{name, named, refuse_old_keys};
use super::git_gate;
use crate::draft::{AgentDraft, UserDraft};

/// Keys of other programs' agent files, so that such a file works unchanged.
const PASSED_BY: [&str; 6] = ["name", "description", "model", "color", "memory", "tools"];

/// Lowers an agent's file of the user's own.
pub(crate) fn read_agent(source: &Source, diagnostics: &mut Diagnostics) -> Option<AgentDraft> {
    let parts = Frontmatter::split(source, diagnostics)?;
    let root = parse(&parts.yaml, diagnostics)?;
    let mut keys = MapReader::new("an agent", &root, diagnostics)?;
    let bottle = keys.optional("bottle");
    let skills = keys.optional("skills");
    let git_gate = keys.optional("git-gate");
    PASSED_BY.into_iter().for_each(|key| keys.ignored(key));
    refuse_old_keys(&mut keys, diagnostics);
    keys.finish(diagnostics);
    Some(AgentDraft {
        bottle: bottle.and_then(|entry| named(entry, diagnostics)),
        skills: skills
            .map(|entry| read_skills(entry, diagnostics))
            .unwrap_or_default(),
        user: git_gate
            .and_then(|entry| git_gate::read_of_agent(entry, diagnostics))
            .unwrap_or_default(),
        prompt: prompt(&parts),
    })
}

/// Lowers an agent's file that a repository ships: a prompt, and nothing that decides anything.
pub(crate) fn read_repository_agent(source: &Source, diagnostics: &mut Diagnostics) -> Option<AgentDraft> {
    let parts = Frontmatter::split(source, diagnostics)?;
    let root = parse(&parts.yaml, diagnostics)?;
    let mut keys = MapReader::new("an agent that a repository ships", &root, diagnostics)?;
    PASSED_BY.into_iter().for_each(|key| keys.ignored(key));
    let decides = [
        (
            "bottle",
            "cannot choose its bottle",
            "choose one at start with `--bottle NAME`",
        ),
        (
            "skills",
            "cannot bring skills of the host's",
            "copy the agent to your own agents to give it skills",
        ),
        (
            "git-gate",
            "cannot claim a git identity",
            "copy the agent to your own agents to give it one",
        ),
    ];
    for (key, message, help) in decides {
        keys.refused(key, diagnostics, |entry| {
            let message = format!("an agent that a repository ships {message}");
            Diagnostic::error("repository-agent", message)
                .at(&entry.key.span)
                .help(help)
        });
    }
    refuse_old_keys(&mut keys, diagnostics);
    keys.finish(diagnostics);
    let (bottle, skills, user) = (None, Vec::new(), UserDraft::default());
    Some(AgentDraft {
        bottle,
        skills,
        user,
        prompt: prompt(&parts),
    })
}

/// The body without the space round it.
fn prompt(parts: &Frontmatter) -> Spanned<String> {
    let body = parts.body.text();
    let start = body.len() - body.trim_start().len();
    let end = body.trim_end().len().max(start);
    let span = parts.body.within(start..end);
    let text = span.text().to_owned();
    span.with(text)
}

fn read_skills(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<Spanned<Name>> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    let mut skills: Vec<Spanned<Name>> = Vec::new();
    for skill in items
        .iter()
        .filter_map(|item: &Node| name(item, diagnostics))
        .collect::<Vec<_>>()
    {
        match skills.iter().find(|first| first.value == skill.value) {
            None => skills.push(skill),
            Some(first) => diagnostics.report(
                Diagnostic::error(
                    "duplicate-skill",
                    format!("the skill {} occurs twice", quoted(skill.value.as_str())),
                )
                .at(&skill.span)
                .label(&first.span, "first here"),
            ),
        }
    }
    skills
}
