//! From a request to a manifest.

use std::path::PathBuf;

use bottle_document::{Diagnostic, Diagnostics, Source, Span, nearest, quoted};
use bottle_plan::names::Name;
use thiserror::Error;

use crate::chain::{Bottles, what_exists};
use crate::draft::AgentDraft;
use crate::folders::{DOT_FOLDER, Folders};
use crate::manifest::Manifest;
use crate::read::{read_agent, read_repository_agent};
use crate::skills::find_skills;
use crate::trust::AgentOrigin;

/// What a user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRequest {
    /// The agent.
    pub agent: Name,
    /// The bottles chosen at start, merged in this order; without any, the agent's own.
    pub bottles: Vec<Name>,
}

/// The mistakes that forbid a manifest: all of them, in all files concerned.
#[derive(Debug, Error)]
#[error("the agent {agent} cannot be loaded: {}", count(.diagnostics.errors()))]
pub struct LoadError {
    /// The agent that was asked for.
    pub agent: Name,
    /// The mistakes, to be rendered with their source lines.
    pub diagnostics: Box<Diagnostics>,
}

/// An agent's file, read.
#[derive(Debug)]
pub(crate) struct FoundAgent {
    pub(crate) draft: AgentDraft,
    pub(crate) path: PathBuf,
    pub(crate) origin: AgentOrigin,
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some("each mistake says what is allowed in its place")
    }
}

impl Folders {
    /// Reads the agent, its bottles and their parents, and merges them. Other files are not opened.
    ///
    /// # Errors
    /// [`LoadError`] with every mistake found.
    pub fn load(&self, request: &ManifestRequest) -> Result<Manifest, LoadError> {
        let mut diagnostics = Diagnostics::default();
        self.check_surroundings(&mut diagnostics);
        let agent = self.find_agent(&request.agent, &mut diagnostics);
        let chosen = self.choose(request, agent.as_ref(), &mut diagnostics);
        let mut bottles = Bottles::new(self);
        let merged = bottles.resolve_all(&chosen);
        diagnostics.append(bottles.diagnostics);
        let skills = agent
            .as_ref()
            .map(|agent| find_skills(self, &agent.draft.skills, &mut diagnostics));
        let manifest = agent
            .zip(skills)
            .filter(|_| !diagnostics.has_errors())
            .and_then(|(agent, skills)| {
                let chosen = chosen.into_iter().map(|(name, _)| name).collect();
                diagnostics.accept(Manifest::assemble(&request.agent, agent, chosen, merged, skills))
            });
        match manifest {
            Some(manifest) => Ok(Manifest {
                warnings: diagnostics,
                ..manifest
            }),
            None => Err(LoadError {
                agent: request.agent.clone(),
                diagnostics: Box::new(diagnostics),
            }),
        }
    }

    /// The bottles to merge, each with the place that names it.
    fn choose(
        &self,
        request: &ManifestRequest,
        agent: Option<&FoundAgent>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(Name, Option<Span>)> {
        if !request.bottles.is_empty() {
            return request.bottles.iter().map(|name| (name.clone(), None)).collect();
        }
        let Some(agent) = agent else { return Vec::new() };
        if let Some(own) = &agent.draft.bottle {
            return vec![(own.value.clone(), Some(own.span.clone()))];
        }
        // With a mistake in the agent's file its bottle may just not have been readable.
        if !diagnostics.has_errors() {
            let known = self.catalog().bottles;
            let known: Vec<&str> = known.iter().map(|bottle| bottle.name.as_str()).collect();
            let message = "no bottle was chosen, and the agent names none";
            let none = Diagnostic::error("no-bottle", message).in_file(agent.path.display().to_string());
            diagnostics.report(
                none.help("choose one with `--bottle NAME`")
                    .help(what_exists("bottles", &known)),
            );
        }
        Vec::new()
    }

    /// Reads an agent's file: the user's own, or the repository's, but never one that shadows the other.
    pub(crate) fn find_agent(&self, name: &Name, diagnostics: &mut Diagnostics) -> Option<FoundAgent> {
        let own = self.agent_file(name);
        let shipped = self.shipped_agent(name);
        let is_own = own.symlink_metadata().is_ok();
        match shipped {
            Some(shipped) if is_own => {
                diagnostics.report(shadowed(
                    name,
                    &own.display().to_string(),
                    &shipped.display().to_string(),
                ));
                None
            }
            Some(shipped) => self.read_shipped(name, shipped, diagnostics),
            None if is_own => read_own(own, diagnostics),
            None => {
                diagnostics.report(self.missing_agent(name));
                None
            }
        }
    }

    fn shipped_agent(&self, name: &Name) -> Option<PathBuf> {
        let path = self
            .repository()?
            .join(DOT_FOLDER)
            .join("agents")
            .join(format!("{name}.md"));
        path.symlink_metadata().is_ok().then_some(path)
    }

    /// A link would let a repository send any file of the user's to the agent as its prompt.
    fn read_shipped(&self, name: &Name, path: PathBuf, diagnostics: &mut Diagnostics) -> Option<FoundAgent> {
        let repository = self.repository()?;
        let file = format!("{name}.md");
        let source = diagnostics.accept(Source::read_beneath(repository, &[DOT_FOLDER, "agents", &file]))?;
        let draft = read_repository_agent(&source, diagnostics)?;
        Some(FoundAgent {
            draft,
            path,
            origin: AgentOrigin::of_repository(&source),
        })
    }

    fn missing_agent(&self, name: &Name) -> Diagnostic {
        let known = self.catalog().agents;
        let known: Vec<&str> = known.iter().map(|agent| agent.name.as_str()).collect();
        Diagnostic::error(
            "missing-agent",
            format!("there is no agent {}", quoted(name.as_str())),
        )
        .did_you_mean(nearest(name.as_str(), known.iter().copied()))
        .help(what_exists("agents", &known))
    }
}

fn read_own(path: PathBuf, diagnostics: &mut Diagnostics) -> Option<FoundAgent> {
    let source = diagnostics.accept(Source::read(&path))?;
    let draft = read_agent(&source, diagnostics)?;
    Some(FoundAgent {
        draft,
        path,
        origin: AgentOrigin::Home,
    })
}

fn shadowed(name: &Name, own: &str, shipped: &str) -> Diagnostic {
    let message = format!(
        "a repository ships an agent {}, which is a name of yours",
        quoted(name.as_str())
    );
    Diagnostic::error("shadowed-agent", message)
        .in_file(shipped)
        .help(format!("yours is {own}"))
        .help("rename one of the two, or start in another folder")
}

fn count(mistakes: usize) -> String {
    let plural = if mistakes == 1 { "" } else { "s" };
    format!("{mistakes} mistake{plural} in its files")
}
