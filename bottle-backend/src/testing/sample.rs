//! A plan of next to nothing.

use std::collections::BTreeMap;

use bottle_plan::BottlePlan;
use bottle_plan::egress::{EgressPlan, LogDetail, TransparentMode};
use bottle_plan::git::GitUser;
use bottle_plan::image::ImagePlan;
use bottle_plan::inputs::{BackendFacts, ManifestInputs, PlanInputs, ProviderChoice};
use bottle_plan::names::{Identity, Name};
use bottle_plan::paths::{GuestPath, GuestPathError};
use bottle_plan::provider::{
    AgentCommand, GuestUser, McpRegistration, PromptDelivery, ProviderPlan, TrustStore,
};
use bottle_plan::spec::{RunMode, StartSpec};
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_util::Secret;
use bottle_wire::boot::{Authority, Boot, EgressBoot, WireSecret};

use crate::Owner;

/// What a sample plan is made from.
#[derive(Debug, Clone)]
pub struct SamplePlan {
    /// The bottle.
    pub identity: Identity,
    /// The backend.
    pub facts: BackendFacts,
    /// The agent's user.
    pub user: GuestUser,
    /// That user's home.
    pub guest_home: GuestPath,
    /// What the guest is made from.
    pub image: ImagePlan,
    /// The working folder.
    pub workspace: WorkspaceSource,
    /// What the run may use.
    pub resources: Resources,
}

impl SamplePlan {
    /// Puts the plan together.
    ///
    /// # Errors
    ///
    /// When the home is too long for a workspace below it.
    pub fn assemble(self) -> Result<BottlePlan, GuestPathError> {
        let inputs = PlanInputs {
            identity: self.identity,
            spec: spec(),
            manifest: manifest(self.resources),
            provider: provider(self.user, self.guest_home),
            image: self.image,
            workspace: self.workspace,
        };
        BottlePlan::assemble(inputs, self.facts)
    }
}

/// Makes an authority of its own.
///
/// # Errors
///
/// When there is no randomness.
pub fn sample_authority() -> Result<Authority, rcgen::Error> {
    let key = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::new(Vec::new())?;
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    Ok(Authority {
        certificate: params.self_signed(&key)?.pem(),
        key: WireSecret(key.serialize_pem().into()),
    })
}

/// Returns an owner of a bottle that a test starts: of this process, on a machine that exists in tests only.
#[must_use]
pub fn sample_owner(identity: &Identity) -> Owner {
    Owner {
        identity: identity.clone(),
        machine: "conformance".to_owned(),
        uid: 7,
        boot: "boot".to_owned(),
        home: "home".to_owned(),
        pid: std::process::id(),
        pid_started: 1,
        version: "0.0.0".to_owned(),
        started_at: 1_700_000_000,
    }
}

/// Returns a boot frame that allows nothing.
#[must_use]
pub fn sample_boot(identity: &Identity, authority: Authority) -> Boot {
    Boot {
        identity: identity.clone(),
        now: 1_700_000_000,
        chain_key: WireSecret(Secret::from("00".repeat(32))),
        egress: EgressBoot {
            plan: egress(),
            tokens: BTreeMap::new(),
            authority,
            roots: Vec::new(),
            upstream_roots: Vec::new(),
            host_addresses: Vec::new(),
        },
        git_gate: None,
        supervise: false,
    }
}

fn spec() -> StartSpec {
    StartSpec {
        agent: Name::from_static("tester"),
        bottles: vec![Name::from_static("dev")],
        label: None,
        color: None,
        mode: RunMode::Interactive,
        time_limit_seconds: None,
    }
}

fn egress() -> EgressPlan {
    EgressPlan {
        log: LogDetail::default(),
        transparent: TransparentMode::default(),
        routes: Vec::new(),
        resolve: Vec::new(),
        upstream_ca: Vec::new(),
    }
}

fn manifest(resources: Resources) -> ManifestInputs {
    ManifestInputs {
        prompt: String::new(),
        skills: Vec::new(),
        env: BTreeMap::new(),
        provider: ProviderChoice {
            template: Name::from_static("sample"),
            dockerfile: None,
            auth_token: None,
            forward_host_credentials: false,
            settings: BTreeMap::new(),
        },
        egress: egress(),
        secrets: BTreeMap::new(),
        git_user: GitUser::default(),
        repos: Vec::new(),
        supervise: false,
        resources,
    }
}

fn provider(user: GuestUser, guest_home: GuestPath) -> ProviderPlan {
    let command = vec!["/bin/true".to_owned()];
    ProviderPlan {
        template: Name::from_static("sample"),
        user,
        guest_home,
        command: AgentCommand {
            interactive: command.clone(),
            headless: command.clone(),
            resume_interactive: command.clone(),
            resume_headless: command,
        },
        prompt: PromptDelivery::None,
        skills: None,
        env: BTreeMap::new(),
        hidden_env: Vec::new(),
        directories: Vec::new(),
        files: Vec::new(),
        commands_before: Vec::new(),
        commands_after: Vec::new(),
        routes: Vec::new(),
        secrets: BTreeMap::new(),
        mcp: McpRegistration::None,
        trust: TrustStore::default(),
        resources: Resources::default(),
    }
}
