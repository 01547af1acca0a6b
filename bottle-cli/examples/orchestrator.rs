//! An orchestrator of one's own: two bottles at once, through the crates and without the `bottle` command.
//!
//! It writes no bottle file: policy and agent are values. Each agent works in a guest of its own; what both report is
//! printed when they have ended.
//!
//! ```console
//! $ cargo xtask dist --fast
//! $ cargo run -p bottle-cli --example orchestrator -- target/dist/x86_64
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use bottle_backend::{AgentSession, Canceller, Quiet};
use bottle_cli::host::process_started;
use bottle_cli::{
    Host, Process, RunSecrets, Settled, StartRequest, Wiring, machine_label, prepare_start, start,
};
use bottle_plan::egress::EgressPlan;
use bottle_plan::git::GitUser;
use bottle_plan::inputs::{ManifestInputs, ProviderChoice};
use bottle_plan::spec::{RunMode, StartSpec};
use bottle_plan::workspace::{Resources, WorkspaceSource};
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let programs = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "target/dist/x86_64".to_owned());
    let host = host(home.path().to_owned(), programs.into());
    let wiring = Wiring::standard(&host);
    let first = run(&wiring, &host, "must: echo first > done\nrun: ls\nrun: rm done");
    let second = run(&wiring, &host, "run: curl -sS https://example.com/\nexit 3");
    let (first, second) = tokio::join!(first, second);
    for (name, outcome) in [("first", first?), ("second", second?)] {
        println!(
            "--- {name} ended with {}, {:?}\n{}",
            outcome.status, outcome.settled, outcome.output
        );
    }
    Ok(())
}

/// What came of one bottle.
struct Outcome {
    status: i32,
    settled: Settled,
    output: String,
}

async fn run(wiring: &Wiring, host: &Host, prompt: &str) -> anyhow::Result<Outcome> {
    let (backend, _) = wiring.first_usable().await?;
    let prepared = prepare_start(wiring, host, request(prompt)?, backend.clone(), &[])?;
    let identity = prepared.plan.identity.clone();
    let (_canceller, cancel) = Canceller::new();
    let running = start(prepared, RunSecrets::default(), host, &Quiet, cancel).await?;
    let AgentSession {
        input,
        mut output,
        control,
        ..
    } = running.agent(None).await?;
    drop(input);
    let mut text = Vec::new();
    output.read_to_end(&mut text).await?;
    let status = control.wait().await?;
    let settled = running.settle(status, false).await?;
    // An orchestrator has read what it wants by now.
    backend.remove(&identity).await?;
    Ok(Outcome {
        status,
        settled,
        output: String::from_utf8_lossy(&text).into_owned(),
    })
}

fn request(prompt: &str) -> anyhow::Result<StartRequest> {
    let agent: bottle_plan::names::Name = "worker".parse()?;
    let spec = StartSpec {
        bottles: vec![agent.clone()],
        agent,
        label: None,
        color: None,
        mode: RunMode::Headless {
            prompt: prompt.to_owned(),
        },
        time_limit_seconds: Some(600),
    };
    let manifest = ManifestInputs {
        prompt: String::new(),
        skills: Vec::new(),
        env: Default::default(),
        provider: ProviderChoice {
            template: "demo".parse()?,
            dockerfile: None,
            auth_token: None,
            forward_host_credentials: false,
            settings: Default::default(),
        },
        // No route: nothing leaves.
        egress: EgressPlan::default(),
        secrets: Default::default(),
        git_user: GitUser::default(),
        repos: Vec::new(),
        supervise: false,
        resources: Resources::default(),
    };
    Ok(StartRequest {
        spec,
        manifest,
        workspace: WorkspaceSource::None,
    })
}

fn host(home: PathBuf, programs: PathBuf) -> Host {
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let pid = std::process::id();
    Host {
        variables: Default::default(),
        bottle_home: home.join(".bot-bottle"),
        directory: home.clone(),
        home,
        sidecar_folders: vec![programs],
        addresses: Vec::new(),
        roots: Vec::new(),
        build_ca: None,
        docker_socket: None,
        process: Process {
            machine: machine_label(&read("/etc/machine-id")),
            boot: read("/proc/sys/kernel/random/boot_id"),
            uid: rustix::process::getuid().as_raw(),
            pid,
            pid_started: process_started(pid).unwrap_or_default(),
        },
        clock: Arc::new(now),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program reads the clock, for the libraries that do not"
)]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
