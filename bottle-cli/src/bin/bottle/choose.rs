//! What is to be started: from flags where they say it, from pickers where a person can be asked.

use std::sync::Arc;

use bottle_backend::prepare::{PrepareError, Problem};
use bottle_backend::{Availability, Backend};
use bottle_cli::exit::Exit;
use bottle_cli::{Host, PrepareStartError, Prepared, StartRequest, Wiring, prepare_start};
use bottle_document::RenderStyle;
use bottle_manifest::{AgentOrigin, Folders, Manifest, ManifestRequest, check_dockerfile};
use bottle_plan::names::{Identity, Label, Name};
use bottle_plan::spec::{RunMode, StartSpec};
use bottle_plan::workspace::WorkspaceSource;
use bottle_provider::RegistryError;
use bottle_util::untrusted;

use crate::args::{StartArgs, WorkspaceMode};
use crate::output::say;
use crate::picker::{Choice, pick};
use crate::report::Failure;
use crate::{ask, terminal};

/// The longest label, in bytes, that still is its own identity.
const MOST_LABEL: usize = 40;

/// How many characters of a repository's prompt are shown.
const MOST_SHOWN: usize = 2000;

/// Returns the folders that manifests are read from.
pub(crate) fn folders(host: &Host) -> Folders {
    Folders {
        bottle_home: host.bottle_home.clone(),
        user_home: host.home.clone(),
        working: Some(host.directory.clone()),
    }
}

/// Loads an agent and its bottles; warnings are printed, mistakes are the failure.
pub(crate) fn load(folders: &Folders, request: &ManifestRequest) -> Result<Manifest, Failure> {
    let style = style();
    match folders.load(request) {
        Ok(manifest) => {
            if !manifest.warnings.is_empty() {
                say!("{}", manifest.warnings.render(style));
            }
            Ok(manifest)
        }
        Err(error) => Err(Failure::rendered(Exit::Manifest, error.diagnostics.render(style))),
    }
}

fn style() -> RenderStyle {
    if terminal::is_error_output() {
        RenderStyle::styled()
    } else {
        RenderStyle::plain()
    }
}

/// Settles agent, bottles and workspace.
pub(crate) fn request(host: &Host, args: &StartArgs) -> Result<StartRequest, Failure> {
    let folders = folders(host);
    let agent = match &args.agent {
        Some(agent) => agent.clone(),
        None => pick_agent(&folders)?,
    };
    let bottles = bottles(&folders, &agent, &args.bottle)?;
    let manifest = load(
        &folders,
        &ManifestRequest {
            agent: agent.clone(),
            bottles,
        },
    )?;
    check_trust(&manifest, args)?;
    show_foreign(&manifest);
    let workspace = workspace(host, args);
    check_image(&manifest, host, &workspace)?;
    let mode = match &args.prompt {
        Some(prompt) => RunMode::Headless {
            prompt: prompt.clone(),
        },
        None => RunMode::Interactive,
    };
    let spec = StartSpec {
        agent,
        bottles: manifest.bottles.clone(),
        label: args.label.clone(),
        color: args.color.map(|color| color.0),
        mode,
        time_limit_seconds: args.time_limit.map(|limit| limit.as_secs()),
    };
    Ok(StartRequest {
        spec,
        manifest: manifest.inputs,
        workspace,
    })
}

/// Settles the backend, and says why it was taken.
pub(crate) async fn backend(
    wiring: &Wiring,
    host: &Host,
    args: &StartArgs,
) -> Result<(Arc<dyn Backend>, String), Failure> {
    let unavailable = |error: bottle_cli::OpenError| {
        Failure::new(Exit::Unavailable, &error).hint("`bottle doctor` says more".to_owned())
    };
    let told = match (&args.backend, host.variables.get("BOT_BOTTLE_BACKEND")) {
        (Some(name), _) => Some((name.clone(), "--backend says so")),
        (None, Some(text)) => Some((backend_name(text.expose())?, "BOT_BOTTLE_BACKEND says so")),
        (None, None) => None,
    };
    let Some((name, why)) = told else {
        // A plan that is only looked at needs no engine.
        if args.dry_run {
            let first = wiring.backends().first().cloned();
            let first = first.ok_or_else(|| Failure::words(Exit::Unavailable, "there is no backend"))?;
            let reason = format!("{}, unchecked", first.facts().name);
            return Ok((first, reason));
        }
        return wiring.first_usable().await.map_err(unavailable);
    };
    let backend = wiring.backend(&name).map_err(unavailable)?;
    if !args.dry_run
        && let Availability::Unusable { reason, hint } = backend.availability().await
    {
        return Err(Failure::words(Exit::Unavailable, format!("{name}: {reason}")).hint(hint));
    }
    Ok((backend, format!("{name}: {why}")))
}

/// Makes the plan. A label that is taken is asked for again, or made unique where nobody can be asked.
pub(crate) fn free_name(
    wiring: &Wiring,
    host: &Host,
    mut request: StartRequest,
    backend: &Arc<dyn Backend>,
    running: &[Identity],
    headless: bool,
) -> Result<Prepared, Failure> {
    let mut attempt = 2;
    loop {
        let error = match prepare_start(wiring, host, request.clone(), Arc::clone(backend), running) {
            Ok(prepared) => return Ok(prepared),
            Err(error) => error,
        };
        let Some(label) = request.spec.label.clone().filter(|_| is_taken(&error)) else {
            return Err(prepare_failure(&error));
        };
        request.spec.label = Some(if headless {
            let unique = label_with(&label, attempt)?;
            attempt += 1;
            unique
        } else if terminal::is_interactive() {
            another_label(&label)?
        } else {
            return Err(prepare_failure(&error));
        });
    }
}

fn is_taken(error: &PrepareStartError) -> bool {
    let PrepareStartError::Host(PrepareError(problems)) = error else {
        return false;
    };
    problems
        .iter()
        .any(|problem| matches!(problem, Problem::NameTaken(_)))
}

fn label_with(label: &Label, number: u32) -> Result<Label, Failure> {
    let suffix = format!(" {number}");
    let fits = |bytes: &mut usize, c: char| {
        *bytes += c.len_utf8();
        (*bytes + suffix.len() <= MOST_LABEL).then_some(c)
    };
    let kept: String = label.as_str().chars().scan(0, fits).collect();
    format!("{kept}{suffix}").parse().map_err(Failure::internal)
}

fn another_label(taken: &Label) -> Result<Label, Failure> {
    loop {
        let text = ask::line(&format!("The name {} is taken; another one", taken.as_str()))?;
        if text.is_empty() {
            return Err(Failure::declined());
        }
        match text.parse() {
            Ok(label) => return Ok(label),
            Err(error) => say!("bottle: {error}"),
        }
    }
}

pub(crate) fn prepare_failure(error: &PrepareStartError) -> Failure {
    if let PrepareStartError::Registry(RegistryError::Plugin { diagnostics, .. }) = error {
        return Failure::rendered(Exit::Manifest, diagnostics.render(style()));
    }
    Failure::new(Exit::Manifest, error).hint(error.hint())
}

fn backend_name(text: &str) -> Result<Name, Failure> {
    text.parse()
        .map_err(|error| Failure::words(Exit::Usage, format!("BOT_BOTTLE_BACKEND: {error}")))
}

fn pick_agent(folders: &Folders) -> Result<Name, Failure> {
    let catalog = folders.catalog();
    let choices: Vec<Choice> = catalog
        .agents
        .iter()
        .map(|agent| {
            let about = if agent.from_repository {
                "shipped by this repository"
            } else {
                ""
            };
            Choice {
                name: agent.name.to_string(),
                about: about.to_owned(),
            }
        })
        .collect();
    let index = pick_from("Agent", &choices, "name an agent: bottle start AGENT")?;
    let picked = catalog.agents.into_iter().nth(index).map(|agent| agent.name);
    picked.ok_or_else(Failure::declined)
}

/// The bottles of the command line; picked when neither it nor the agent names one.
fn bottles(folders: &Folders, agent: &Name, given: &[Name]) -> Result<Vec<Name>, Failure> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let examined = folders.examine_agent(agent);
    let needs_one = examined.bottle.is_none() && !examined.diagnostics.has_errors();
    if !needs_one || !terminal::is_interactive() || !terminal::is_output() {
        return Ok(Vec::new());
    }
    let catalog = folders.catalog();
    let choices: Vec<Choice> = catalog
        .bottles
        .iter()
        .map(|bottle| {
            let lineage = folders.examine_bottle(&bottle.name).lineage;
            let parents: Vec<&str> = lineage.iter().skip(1).map(Name::as_str).collect();
            let about = if parents.is_empty() {
                String::new()
            } else {
                format!("extends {}", parents.join(", "))
            };
            Choice {
                name: bottle.name.to_string(),
                about,
            }
        })
        .collect();
    let index = pick_from("Bottle", &choices, "choose one with --bottle NAME")?;
    Ok(catalog
        .bottles
        .into_iter()
        .nth(index)
        .map(|bottle| bottle.name)
        .into_iter()
        .collect())
}

pub(crate) fn pick_from(title: &str, choices: &[Choice], instead: &str) -> Result<usize, Failure> {
    if choices.is_empty() {
        let words = format!("there is no {} yet", title.to_lowercase());
        return Err(
            Failure::words(Exit::Usage, words).hint("`bottle init` writes one to begin with".to_owned())
        );
    }
    // The list is drawn on standard output.
    if !terminal::is_interactive() || !terminal::is_output() {
        return Err(Failure::words(Exit::Usage, "nobody can be asked").hint(instead.to_owned()));
    }
    pick(title, choices)?.ok_or_else(Failure::declined)
}

/// Shows the text of an agent that a repository ships, before anybody says yes to it.
fn show_foreign(manifest: &Manifest) {
    let AgentOrigin::Repository { sha256 } = &manifest.agent_origin else {
        return;
    };
    let path = manifest.agent_path.display().to_string();
    say!(
        "bottle: this agent comes from the repository: {}",
        untrusted::line(&path)
    );
    say!("        sha256 {sha256}");
    let shown: String = manifest.inputs.prompt.chars().take(MOST_SHOWN).collect();
    for line in shown.lines() {
        say!("  | {}", untrusted::line(line));
    }
    if shown.len() < manifest.inputs.prompt.len() {
        say!("  | ... and more: read the file");
    }
}

/// A repository's agent that nobody looks at before it starts must be one whose text somebody has read.
fn check_trust(manifest: &Manifest, args: &StartArgs) -> Result<(), Failure> {
    let unattended = args.yes || args.headless;
    if args.dry_run || (!unattended && args.trust_agent.is_none()) {
        return Ok(());
    }
    let trusted = manifest
        .agent_origin
        .check_trust(&manifest.agent_path, args.trust_agent.as_deref());
    trusted.map_err(|error| Failure::new(Exit::Refused, &error).hint(error.hint()))
}

fn workspace(host: &Host, args: &StartArgs) -> WorkspaceSource {
    let folder = host.directory.clone();
    match if args.cwd {
        WorkspaceMode::Copy
    } else {
        args.workspace
    } {
        WorkspaceMode::None => WorkspaceSource::None,
        WorkspaceMode::Copy => WorkspaceSource::Copy {
            host: folder,
            include: args.include.clone(),
        },
        WorkspaceMode::Mount => WorkspaceSource::Mount { host: folder },
    }
}

fn check_image(manifest: &Manifest, host: &Host, workspace: &WorkspaceSource) -> Result<(), Failure> {
    let Some(context) = &manifest.inputs.provider.dockerfile else {
        return Ok(());
    };
    let folder = match workspace {
        // Also without a workspace: whoever is working in this folder may have had an agent write to it.
        WorkspaceSource::None => &host.directory,
        WorkspaceSource::Copy { host, .. } | WorkspaceSource::Mount { host } => host,
    };
    let checked = check_dockerfile(context, folder);
    checked.map_err(|error| Failure::new(Exit::Manifest, &error).hint(error.hint().map(str::to_owned)))
}
