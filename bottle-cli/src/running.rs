//! Starting a prepared bottle, and what runs in it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bottle_backend::{
    AgentSession, Bottle, Cancel, ExecCommand, ExecError, LaunchError, LaunchMaterials, Progress,
    TerminalSize,
};
use bottle_plan::BottlePlan;
use bottle_plan::names::EnvName;
use bottle_plan::workspace::WorkspaceSource;
use bottle_provider::{
    CommandLineError, ProvisionError, ProvisionSources, SessionStart, agent_argv, provision, renew_trust,
};
use bottle_util::Secret;
use bottle_wire::boot::{Authority, WireSecret};
use bottle_wire::chain::Head;
use data_encoding::HEXLOWER;

use crate::abandoned::find_abandoned;
use crate::boot::{BootError, boot_frame};
use crate::state::{
    CHAIN, ChainState, METADATA, Metadata, PLAN, PRESERVE, StateError, StateFolder, StateLock,
};
use crate::{Host, Prepared, RunSecrets, events};

/// A bottle whose agent can be attached.
pub struct Running {
    plan: BottlePlan,
    pub(crate) bottle: Box<dyn Bottle>,
    pub(crate) state: StateFolder,
    pub(crate) events_root: PathBuf,
    session: SessionStart,
    env: Vec<(EnvName, Secret)>,
    warnings: Vec<String>,
    _lock: StateLock,
}

/// Says why a prepared bottle did not start. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its state folder cannot be made.
    #[error(transparent)]
    State(#[from] StateError),
    /// The plan cannot be rendered.
    #[error("cannot render the plan")]
    Render(#[from] serde_yaml::Error),
    /// There is no randomness.
    #[error("the system gives no random bytes")]
    Random,
    /// The bottle's certificate authority cannot be made.
    #[error("cannot make the bottle's certificate authority")]
    Authority(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sidecar's boot frame cannot be made.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// The static programs are not there.
    #[error("bottle-sidecar and bottle-relay are not installed")]
    NoPrograms,
    /// The backend could not launch it.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The guest could not be furnished.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The agent has no command line.
    #[error(transparent)]
    CommandLine(#[from] CommandLineError),
}

impl StartError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPrograms => {
                Some("build them with `cargo xtask dist`, or name their folder with --sidecar-dir".to_owned())
            }
            Self::Launch(error) => error.hint(),
            _ => None,
        }
    }
}

/// Starts a prepared bottle and furnishes its guest, or takes a preserved one up again. On every error, and when
/// cancelled, all of it is removed; a bottle that was preserved is again as it was.
///
/// # Errors
///
/// The first step that failed.
pub async fn start(
    prepared: Prepared,
    secrets: RunSecrets,
    host: &Host,
    progress: &dyn Progress,
    cancel: Cancel,
) -> Result<Running, StartError> {
    let state = StateFolder::of(&host.state_root(), &prepared.plan.identity);
    let lock = match prepared.session {
        SessionStart::Fresh => state.create()?,
        SessionStart::Resume => state.lock()?,
    };
    let started = furnish(&prepared, secrets, host, &state, progress, cancel).await;
    match started {
        Ok((bottle, env, warnings)) => {
            state.remove_file(PRESERVE)?;
            Ok(Running {
                plan: prepared.plan,
                bottle,
                state,
                events_root: host.events_root(),
                session: prepared.session,
                env,
                warnings,
                _lock: lock,
            })
        }
        Err(error) => {
            if prepared.session == SessionStart::Fresh
                && let Err(left) = state.remove()
            {
                tracing::warn!(error = %left, "the state of a failed start is left");
            }
            Err(error)
        }
    }
}

type Furnished = (Box<dyn Bottle>, Vec<(EnvName, Secret)>, Vec<String>);

async fn furnish(
    prepared: &Prepared,
    secrets: RunSecrets,
    host: &Host,
    state: &StateFolder,
    progress: &dyn Progress,
    mut cancel: Cancel,
) -> Result<Furnished, StartError> {
    let plan = &prepared.plan;
    agent_argv(plan, prepared.session)?;
    let materials = materials(prepared, &secrets.env, secrets.tokens, host, state)?;
    sweep(prepared, host, progress).await;
    let bottle = bottle_backend::launch(
        prepared.backend.as_ref(),
        plan,
        materials,
        progress,
        cancel.clone(),
    )
    .await?;
    let certificate = state.path().join(bottle_util::ca::CA_FILE);
    let sources = ProvisionSources {
        certificate: &certificate,
        supervise_url: plan.supervise.as_deref(),
    };
    let provider = prepared.provider.as_ref();
    let provisioned = async {
        let provisioned = match prepared.session {
            SessionStart::Fresh => provision(provider, bottle.as_ref(), plan, &sources, progress).await,
            SessionStart::Resume => renew_trust(provider, bottle.as_ref(), plan, &sources, progress).await,
        };
        // Who ended the start during its last step is heard before there is an agent, whose files would be kept.
        tokio::task::yield_now().await;
        provisioned
    };
    let furnished = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(LaunchError::Cancelled.into()),
        furnished = provisioned => furnished.map_err(StartError::from),
    };
    match furnished {
        Ok(report) => Ok((bottle, secrets.env, report.warnings)),
        Err(error) => {
            undo(prepared.session, bottle.as_ref(), progress).await;
            Err(error)
        }
    }
}

async fn undo(session: SessionStart, bottle: &dyn Bottle, progress: &dyn Progress) {
    let undone = match session {
        SessionStart::Fresh => {
            progress.step("removing what was started");
            bottle.close().await
        }
        SessionStart::Resume => {
            progress.step("stopping it again");
            bottle.preserve().await
        }
    };
    if let Err(left) = undone {
        tracing::warn!(error = %left, "something may be left; the next start sweeps it");
    }
}

/// Removes what crashed starts have left on the backend, quietly: it is not this start's business to explain it.
async fn sweep(prepared: &Prepared, host: &Host, progress: &dyn Progress) {
    let backend = prepared.backend.as_ref();
    if let Ok(plan) = backend.prepare_cleanup().await
        && !plan.leftovers.is_empty()
    {
        progress.step("removing what a crashed start has left");
        for (leftover, error) in backend.cleanup(&plan).await.failed {
            tracing::warn!(%error, name = leftover.name, "a leftover stays");
        }
    }
    for state in find_abandoned(backend, host).await.unwrap_or_default() {
        if let Err(error) = state.remove() {
            tracing::warn!(%error, "the state of a crashed start stays");
        }
    }
}

/// Mints the certificate authority, writes the state down and makes what the launch needs.
fn materials(
    prepared: &Prepared,
    env: &[(EnvName, Secret)],
    tokens: std::collections::BTreeMap<bottle_plan::names::TokenSlot, Secret>,
    host: &Host,
    state: &StateFolder,
) -> Result<LaunchMaterials, StartError> {
    let plan = &prepared.plan;
    let binaries = host.sidecar_folder().ok_or(StartError::NoPrograms)?.to_owned();
    let minted = bottle_egress::mint(plan.identity.as_str(), wall_clock(host));
    let minted = minted.map_err(|error| StartError::Authority(Box::new(error)))?;
    let chain = match prepared.session {
        SessionStart::Fresh => {
            state.write_json(METADATA, &metadata(plan, host))?;
            let chain = new_chain()?;
            state.write_json(CHAIN, &chain)?;
            chain
        }
        // Its events go on where they ended.
        SessionStart::Resume => state.read_json(CHAIN)?,
    };
    state.write(bottle_util::ca::CA_FILE, minted.certificate.as_bytes())?;
    state.write(PLAN, plan.to_yaml()?.as_bytes())?;
    let authority = Authority {
        certificate: minted.certificate,
        key: WireSecret(minted.key),
    };
    let boot = boot_frame(plan, host, authority, Secret::from(chain.key), tokens, env)?;
    Ok(LaunchMaterials {
        owner: host.owner(plan.identity.clone()),
        boot,
        binaries,
        build_ca: host.build_ca.clone(),
    })
}

fn new_chain() -> Result<ChainState, StartError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|_| StartError::Random)?;
    Ok(ChainState {
        key: HEXLOWER.encode(&key),
        head: Head::start(),
        bytes: 0,
    })
}

fn wall_clock(host: &Host) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs((host.clock)())
}

fn metadata(plan: &BottlePlan, host: &Host) -> Metadata {
    let workspace = match plan.workspace.source {
        WorkspaceSource::None => "none",
        WorkspaceSource::Copy { .. } => "copy",
        WorkspaceSource::Mount { .. } => "mount",
    };
    Metadata {
        identity: plan.identity.clone(),
        agent: plan.spec.agent.clone(),
        bottles: plan.spec.bottles.clone(),
        backend: plan.backend.clone(),
        cwd: host.directory.clone(),
        workspace: workspace.to_owned(),
        started_at: (host.clock)(),
        label: plan.spec.label.clone(),
        color: plan.spec.color,
    }
}

impl Running {
    /// Returns the plan that the bottle runs.
    #[must_use]
    pub fn plan(&self) -> &BottlePlan {
        &self.plan
    }

    /// Returns the handle on the bottle.
    #[must_use]
    pub fn bottle(&self) -> &dyn Bottle {
        self.bottle.as_ref()
    }

    /// Fetches the bottle's events from time to time, for as long as this is polled. Whoever waits for the agent waits
    /// for this beside it: a sidecar whose log is full refuses everything.
    pub async fn keep_events(&self) -> Infallible {
        events::keep_drained(self.bottle.as_ref(), &self.state).await
    }

    /// Returns what did not work and stops nothing.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Starts the agent; with a size, on a terminal.
    ///
    /// # Errors
    ///
    /// When the backend cannot run it.
    pub async fn agent(&self, terminal: Option<TerminalSize>) -> Result<AgentSession, ExecError> {
        let argv = agent_argv(&self.plan, self.session);
        let argv = argv.map_err(|error| ExecError::Engine {
            program: "the agent".to_owned(),
            source: Box::new(error),
        })?;
        let command = ExecCommand::agent(argv).in_directory(self.plan.workspace.guest.clone());
        self.bottle
            .exec_agent(&command.with_env(self.env.clone()), terminal)
            .await
    }
}
