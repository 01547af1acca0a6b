//! Many bottles in namespaces, each with many questions, and what was fetched of them, as attached commands do.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bottle_backend::{Bottle, Quiet};
use bottle_cli::events::drain;
use bottle_cli::host::process_started;
use bottle_cli::state::{CHAIN, ChainState, METADATA, Metadata, StateFolder};
use bottle_cli::{Host, Process, machine_label};
use bottle_wire::chain::Head;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::backends::{Place, native_in};

/// How many questions are put at a time; the door has more places.
const AT_ONCE: usize = 25;
const PATIENCE: Duration = Duration::from_secs(30);
/// The line that each bottle's agent leaves beside its questions.
pub(super) const NOTE: &str = "the tests are green";

/// Bottles that wait for a person, and the home that they belong to.
pub(super) struct Bottles {
    home: TempDir,
    bottles: Vec<Box<dyn Bottle>>,
}

impl Bottles {
    /// Starts so many bottles and has each ask so many questions.
    pub(super) async fn start(count: usize, questions: usize) -> Result<Self> {
        let home = TempDir::with_prefix("bottle-bench-")?;
        let place = native_in(home.path().join("native"))?;
        let mut all = Self {
            home,
            bottles: Vec::new(),
        };
        for number in 0..count {
            eprintln!("bottle {number} of {count} asks");
            if let Err(error) = all.add(&place, number, questions).await {
                all.end().await?;
                return Err(error);
            }
        }
        Ok(all)
    }

    async fn add(&mut self, place: &Place, number: usize, questions: usize) -> Result<()> {
        let bottle = start(place, number, self.home.path()).await?;
        let folder = place.folder.join(bottle.identity().as_str());
        self.bottles.push(bottle);
        let bottle = self.bottles.last().context("no bottle")?;
        let socket = find(&folder, "supervise.sock")?;
        let mut asked = 0;
        while asked < questions {
            asked = ask(&**bottle, &socket, asked, questions.min(asked + AT_ONCE)).await?;
        }
        note(&socket)?;
        fetch(&**bottle, self.home.path()).await
    }

    /// `BOT_BOTTLE_HOME`.
    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Ends all of them.
    pub(super) async fn end(self) -> Result<()> {
        for bottle in self.bottles {
            bottle.close().await?;
        }
        Ok(())
    }
}

async fn start(place: &Place, number: usize, home: &Path) -> Result<Box<dyn Bottle>> {
    let (plan, mut materials) = place.plan(number)?;
    materials.boot.supervise = true;
    materials.owner = host(home)?.owner(plan.identity.clone());
    Ok(place.backend.launch(&plan, materials, &Quiet).await?)
}

/// This machine, as the command that is measured finds it.
fn host(home: &Path) -> Result<Host> {
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let pid = std::process::id();
    Ok(Host {
        variables: Default::default(),
        home: home.to_owned(),
        bottle_home: home.to_owned(),
        directory: home.to_owned(),
        sidecar_folders: Vec::new(),
        addresses: Vec::new(),
        roots: Vec::new(),
        build_ca: None,
        docker_socket: None,
        process: Process {
            machine: machine_label(&read("/etc/machine-id")),
            boot: read("/proc/sys/kernel/random/boot_id"),
            uid: rustix::process::getuid().as_raw(),
            pid,
            pid_started: process_started(pid).context("this process has no start")?,
        },
        clock: Arc::new(|| 0),
    })
}

/// Puts questions at the door's own socket, and stays until they are open; returns how many are.
async fn ask(bottle: &dyn Bottle, socket: &Path, from: usize, to: usize) -> Result<usize> {
    let calls = (from..to).map(|number| question(socket, number));
    let calls: Vec<UnixStream> = calls.collect::<Result<_>>()?;
    let begin = Instant::now();
    loop {
        let open = match bottle.control(&ControlRequest::Inbox).await? {
            ControlAnswer::Inbox(inbox) => inbox.questions.len(),
            other => bail!("unexpected answer {other:?}"),
        };
        if open >= to {
            drop(calls);
            return Ok(open);
        }
        ensure!(begin.elapsed() < PATIENCE, "{open} of {to} questions are open");
    }
}

/// Leaves a line in the inbox, which no record of questions holds: whoever shows it has asked the bottle itself.
fn note(socket: &Path) -> Result<()> {
    let stream = call(socket, "notify", &json!({"message": NOTE}))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut answer = BufReader::new(stream).lines();
    answer.next().context("no answer to a note")??;
    Ok(())
}

fn question(socket: &Path, number: usize) -> Result<UnixStream> {
    let arguments = json!({
        "host": format!("h{number}.example.com"),
        "paths": ["/v1"],
        "justification": "to read the documentation of a library that the tests need",
    });
    call(socket, "request_egress", &arguments)
}

fn call(socket: &Path, tool: &str, arguments: &Value) -> Result<UnixStream> {
    let params = json!({"name": tool, "arguments": arguments});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let mut stream = UnixStream::connect(socket)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: supervise\r\nAccept: application/json, text/event-stream\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(stream)
}

/// Writes down what a start writes down, and fetches the events.
async fn fetch(bottle: &dyn Bottle, home: &Path) -> Result<()> {
    let state = StateFolder::of(&home.join("state"), bottle.identity());
    drop(state.create()?);
    state.write_json(
        METADATA,
        &Metadata {
            identity: bottle.identity().clone(),
            agent: "bench".parse()?,
            bottles: Vec::new(),
            backend: "native".parse()?,
            cwd: home.to_owned(),
            workspace: "none".to_owned(),
            started_at: 0,
            label: None,
            color: None,
        },
    )?;
    let chain = ChainState {
        key: "00".repeat(32),
        head: Head::start(),
        bytes: 0,
    };
    state.write_json(CHAIN, &chain)?;
    drain(bottle, &state).await?;
    Ok(())
}

fn find(folder: &Path, name: &str) -> Result<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name() == name {
                return Ok(entry.path());
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Err(anyhow::anyhow!("{name} is not below {}", folder.display())).context("no door")
}
