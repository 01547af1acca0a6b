//! A plan and a guest that tests share.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, Bottle, ControlError, CopyError, CopyOwner, EngineError, ExecCommand, ExecError,
    ExecOutput, ExecUser, PutFile, TerminalSize,
};
use bottle_plan::BottlePlan;
use bottle_plan::egress::EgressPlan;
use bottle_plan::git::GitUser;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::inputs::{BackendFacts, ManifestInputs, PlanInputs, ProviderChoice};
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_plan::provider::{PromptDelivery, ProviderPlan};
use bottle_plan::spec::{RunMode, StartSpec};
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::{AgentRuntime, RuntimeImage, node_user};

/// Makes the plan of a provider that says nothing but its name.
pub(crate) fn plan() -> BottlePlan {
    let strings = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let runtime = AgentRuntime {
        command: "fake".to_owned(),
        image: RuntimeImage::Dockerfile(String::new()),
        user: node_user(),
        guest_home: GuestPath::from_static("/home/node"),
        prompt: PromptDelivery::None,
        bypass: Vec::new(),
        start: strings(&["--yes"]),
        resume: strings(&["--again"]),
        headless: strings(&["run", "--", "{prompt}"]),
        resume_headless: Vec::new(),
    };
    let mut provider = runtime.contribution("fake".parse().unwrap());
    provider.skills = Some(GuestPath::from_static("/home/node/.fake/skills"));
    provider.command.resume_headless = Vec::new();
    BottlePlan::assemble(inputs(provider), facts()).unwrap()
}

fn inputs(provider: ProviderPlan) -> PlanInputs {
    PlanInputs {
        identity: "fake-00000".parse().unwrap(),
        spec: StartSpec {
            agent: "fake".parse().unwrap(),
            bottles: Vec::new(),
            label: None,
            color: None,
            mode: RunMode::Interactive,
            time_limit_seconds: None,
        },
        manifest: ManifestInputs {
            prompt: String::new(),
            skills: Vec::new(),
            env: Default::default(),
            provider: ProviderChoice {
                template: "fake".parse().unwrap(),
                dockerfile: None,
                auth_token: None,
                forward_host_credentials: false,
                settings: Default::default(),
            },
            egress: EgressPlan::default(),
            secrets: Default::default(),
            git_user: GitUser::default(),
            repos: Vec::new(),
            supervise: false,
            resources: Resources::default(),
        },
        provider,
        image: ImagePlan {
            source: ImageSource::Provider {
                dockerfile: String::new(),
            },
            reason: String::new(),
        },
        workspace: WorkspaceSource::None,
    }
}

fn facts() -> BackendFacts {
    BackendFacts {
        name: "fake".parse().unwrap(),
        git_gate_insteadof: Default::default(),
        supervise_mcp_url: "http://supervise:9100/".to_owned(),
        ssh_agent: true,
    }
}

/// A guest that writes down what is asked of it and refuses one thing.
#[derive(Debug)]
pub(crate) struct Recorder {
    identity: Identity,
    log: Mutex<Vec<String>>,
    refuses: Option<&'static str>,
}

impl Recorder {
    /// Makes a guest in which every command that names a text fails.
    pub(crate) fn refusing(refuses: Option<&'static str>) -> Self {
        Self {
            identity: "fake-00000".parse().unwrap(),
            log: Mutex::default(),
            refuses,
        }
    }

    /// Returns what was asked of it, one line each.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn note(&self, line: String) {
        self.log.lock().unwrap().push(line);
    }
}

#[async_trait]
impl Bottle for Recorder {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        let user = match command.user {
            ExecUser::Root => "root",
            ExecUser::Agent => "agent",
        };
        // A script is told from another by what it is given.
        let words = command.argv.iter().filter(|word| !word.contains('\n'));
        let line = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        let line = match command.stdin.len() {
            0 => line,
            bytes => format!("{line} < {bytes} bytes"),
        };
        self.note(format!("exec as {user}: {line}"));
        if !command.stdin.is_empty() {
            // Whoever does not wait for its end goes on now.
            tokio::task::yield_now().await;
            self.note(format!("ended: {user}'s {}", command.argv.first().unwrap()));
        }
        let refused = self.refuses.is_some_and(|text| line.contains(text));
        Ok(ExecOutput {
            status: if refused { 3 } else { 0 },
            stdout: Vec::new(),
            stderr: if refused {
                b"no \x1b[31msuch thing".to_vec()
            } else {
                Vec::new()
            },
        })
    }

    async fn exec_agent(
        &self,
        command: &ExecCommand,
        _terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        let _ = command;
        Err(ExecError::Empty)
    }

    async fn put(&self, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError> {
        let files = files.iter().map(|file| {
            let what = match &file.content {
                Some(content) => format!("file of {} bytes", content.len()),
                None => "directory".to_owned(),
            };
            format!("put {what} {} {:o} {owner:?}", file.path, file.mode)
        });
        self.note(files.collect::<Vec<_>>().join("\n  and "));
        Ok(())
    }

    async fn cp_in(&self, host: &Path, guest: &GuestPath, owner: CopyOwner) -> Result<(), CopyError> {
        let name = host.file_name().unwrap_or_default().to_string_lossy();
        self.note(format!("copy {name} to {guest} {owner:?}"));
        Ok(())
    }

    async fn cp_out(&self, guest: &GuestPath, _host: &Path) -> Result<(), CopyError> {
        self.note(format!("copy out {guest}"));
        Ok(())
    }

    async fn control(&self, _request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        Err(ControlError::TimedOut {
            identity: self.identity.clone(),
            limit: std::time::Duration::ZERO,
        })
    }

    async fn halt(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        Ok(false)
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        Ok(())
    }

    async fn close(&self) -> Result<(), EngineError> {
        Ok(())
    }
}
