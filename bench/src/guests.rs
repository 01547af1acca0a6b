//! What a guest without an engine costs: beside bubblewrap with the same mounts, beside the docker backend, and beside
//! ninety-nine others.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bottle_backend::{Bottle, ExecCommand, Quiet};
use bottle_guest::{Channel, GuestSpec, Limits, Mount, Order, Run, Told, User, Users, Who, receive, send};
use serde::Serialize;
use tempfile::TempDir;

use crate::backends::{Place, docker, native};
use crate::summary::median;
use crate::tools::Tools;

/// What is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// How many bottles are there at once in the end.
    pub(crate) many: usize,
    pub(crate) docker_socket: PathBuf,
}

/// What was measured, in seconds and kilobytes.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Guests {
    /// Round by round: a guest, and bubblewrap with the same mounts, from the start to the end of `true`.
    pub(crate) guest: Vec<f64>,
    pub(crate) bubblewrap: Vec<f64>,
    /// Round by round: a whole bottle, doors and look at itself and all, to the end of `true`.
    pub(crate) native: Vec<f64>,
    pub(crate) docker: Vec<f64>,
    /// Start after start, while all those before go on.
    pub(crate) one_more: Vec<f64>,
    /// Resident memory of each relay, and of each guest's first process.
    pub(crate) relay: Vec<f64>,
    pub(crate) first: Vec<f64>,
    /// Why something was not measured.
    pub(crate) skipped: Vec<String>,
}

/// Measures what can be measured here.
pub(crate) fn measure(plan: &Plan, tools: &Tools) -> Result<Guests> {
    let mut guests = Guests::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if plan.rounds > 0 {
        guests.beside_bubblewrap(plan.rounds * 5, tools)?;
        runtime.block_on(guests.beside_docker(plan))?;
    }
    if plan.many > 0 {
        runtime.block_on(guests.one_after_the_other(plan.many))?;
    }
    Ok(guests)
}

impl Guests {
    fn beside_bubblewrap(&mut self, rounds: usize, tools: &Tools) -> Result<()> {
        let bubblewrap = match tools.bubblewrap() {
            Ok(tool) => tool.program,
            Err(error) => {
                self.skip("bubblewrap", &error);
                return Ok(());
            }
        };
        let home = TempDir::with_prefix("bottle-bench-")?;
        let empty = TempDir::with_prefix("bottle-bench-")?;
        let tree = tree(home.path(), empty.path());
        for round in 0..=rounds {
            let (guest, other) = match round % 2 {
                0 => (
                    start_guest(home.path(), &tree)?,
                    start_bubblewrap(&bubblewrap, &tree)?,
                ),
                _ => {
                    let other = start_bubblewrap(&bubblewrap, &tree)?;
                    (start_guest(home.path(), &tree)?, other)
                }
            };
            // The first of each is not counted: it fills caches.
            if round > 0 {
                self.guest.push(guest);
                self.bubblewrap.push(other);
            }
        }
        Ok(())
    }

    async fn beside_docker(&mut self, plan: &Plan) -> Result<()> {
        let (native, docker) = (native()?, docker(&plan.docker_socket).await);
        if let Err(error) = &docker {
            self.skip("the docker backend", error);
        }
        for round in 0..=plan.rounds {
            eprintln!("bottle {round} of {}", plan.rounds);
            let one = timed(&native, round).await?;
            let other = match &docker {
                Ok(docker) => Some(timed(docker, round).await?),
                Err(_) => None,
            };
            if round > 0 {
                self.native.push(one);
                self.docker.extend(other);
            }
        }
        Ok(())
    }

    async fn one_after_the_other(&mut self, many: usize) -> Result<()> {
        let native = native()?;
        let mut bottles: Vec<Box<dyn Bottle>> = Vec::new();
        for number in 0..many {
            let begin = Instant::now();
            let bottle = start(&native, 1000 + number).await?;
            self.one_more.push(begin.elapsed().as_secs_f64());
            bottles.push(bottle);
        }
        for bottle in &bottles {
            let folder = native.folder.join(bottle.identity().as_str());
            let (first, relay) = processes(&folder)?;
            self.first.push(resident(first)?);
            self.relay.push(resident(relay)?);
        }
        for bottle in bottles {
            bottle.close().await?;
        }
        Ok(())
    }

    fn skip(&mut self, what: &str, error: &anyhow::Error) {
        eprintln!("SKIPPED {what}: {error:#}");
        self.skipped.push(format!("{what}: {error:#}"));
    }

    /// How many times bubblewrap's time a guest takes: the median over rounds.
    pub(crate) fn beside(one: &[f64], other: &[f64]) -> Option<f64> {
        median(one.iter().zip(other).map(|(one, other)| one / other))
    }

    /// How many times the time of the first ten starts the last ten took.
    pub(crate) fn growth(&self) -> Option<f64> {
        let tenth = self.one_more.len().div_ceil(10);
        let (first, last) = (
            self.one_more.get(..tenth)?,
            self.one_more.get(self.one_more.len() - tenth..)?,
        );
        Some(median(last.iter().copied())? / median(first.iter().copied())?)
    }
}

/// A bottle from nothing to a command that has run in it.
async fn timed(place: &Place, number: usize) -> Result<f64> {
    let begin = Instant::now();
    let bottle = start(place, number).await?;
    let took = begin.elapsed().as_secs_f64();
    bottle.close().await?;
    Ok(took)
}

async fn start(place: &Place, number: usize) -> Result<Box<dyn Bottle>> {
    let (plan, materials) = place.plan(number)?;
    let bottle = place.backend.launch(&plan, materials, &Quiet).await?;
    let done = bottle.exec(&ExecCommand::agent(["true"])).await?;
    ensure!(done.status == 0, "true ended with {}", done.status);
    Ok(bottle)
}

/// The tree that both are given.
fn tree(home: &Path, empty: &Path) -> Vec<Mount> {
    let bind = |source: &Path, target: &str, writable| Mount::Bind {
        source: source.to_owned(),
        target: target.to_owned(),
        writable,
        devices: false,
    };
    // Beside it bubblewrap binds the folder: it makes no layers.
    let mut tree = vec![Mount::Layer {
        source: "/usr".into(),
        target: "/usr".to_owned(),
        empty: empty.to_owned(),
    }];
    for name in ["/bin", "/sbin", "/lib", "/lib64"] {
        if let Ok(to) = fs::read_link(name) {
            tree.push(Mount::Link {
                target: name.to_owned(),
                to: to.to_string_lossy().into_owned(),
            });
        }
    }
    for name in ["/etc/alternatives", "/etc/ssl/certs"] {
        tree.push(bind(Path::new(name), name, false));
    }
    tree.push(bind(home, "/home/node", true));
    for name in ["full", "null", "random", "tty", "urandom", "zero"] {
        tree.push(Mount::Bind {
            source: Path::new("/dev").join(name),
            target: format!("/dev/{name}"),
            writable: true,
            devices: true,
        });
    }
    for target in ["/tmp", "/dev/shm"] {
        tree.push(Mount::Memory {
            target: target.to_owned(),
            bytes: 64 << 20,
            mode: 0o1777,
        });
    }
    tree.push(Mount::Terminals {
        target: "/dev/pts".to_owned(),
    });
    tree.push(Mount::Processes {
        target: "/proc".to_owned(),
    });
    tree
}

fn start_bubblewrap(program: &Path, tree: &[Mount]) -> Result<f64> {
    let mut command = Command::new(program);
    command.args([
        "--unshare-all",
        "--unshare-user",
        "--uid",
        "1000",
        "--gid",
        "1000",
    ]);
    command.args([
        "--cap-drop",
        "ALL",
        "--die-with-parent",
        "--clearenv",
        "--dev",
        "/dev",
    ]);
    for mount in tree {
        match mount {
            Mount::Bind { devices: true, .. } | Mount::Terminals { .. } => &mut command,
            Mount::Bind {
                source,
                target,
                writable,
                ..
            } => {
                let how = if *writable { "--bind" } else { "--ro-bind" };
                command.arg(how).arg(source).arg(target)
            }
            Mount::Layer { source, target, .. } => command.arg("--ro-bind").arg(source).arg(target),
            Mount::Link { target, to } => command.args(["--symlink", to, target]),
            Mount::Memory { target, .. } => command.args(["--tmpfs", target]),
            Mount::Processes { target } => command.args(["--proc", target]),
            Mount::Folder { .. } | Mount::Cover { .. } | Mount::Seal { .. } => &mut command,
        };
    }
    let begin = Instant::now();
    let status = command.args(["--", "/usr/bin/true"]).status()?;
    let took = begin.elapsed().as_secs_f64();
    ensure!(status.success(), "bwrap ended with {status}");
    Ok(took)
}

fn start_guest(folder: &Path, tree: &[Mount]) -> Result<f64> {
    let program = crate::backends::binaries()?.join("bottle-sidecar");
    let users = match rustix::process::geteuid().is_root() {
        true => Users::range_of(0).context("there is no range of users")?,
        false => Users::Own,
    };
    let spec = GuestSpec {
        hostname: "bench".to_owned(),
        folder: folder.to_owned(),
        users,
        tree: tree.to_owned(),
        agent: User { uid: 1000, gid: 1000 },
        writable: vec!["/home/node".to_owned(), "/tmp".to_owned()],
        limits: Limits {
            processes: 4096,
            memory: None,
            millicpus: None,
            open_files: 65_536,
        },
        relay: None,
        sidecar: None,
    };
    let run = Run {
        argv: vec!["/usr/bin/true".to_owned()],
        env: Vec::new(),
        directory: "/".to_owned(),
        who: Who::Agent,
        terminal: None,
        bound: true,
    };
    let begin = Instant::now();
    let (leash, theirs) = UnixStream::pair()?;
    let mut child = Command::new(program)
        .arg("guest")
        .env_clear()
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .spawn()?;
    let ran = run_in(&leash, spec, run, folder);
    let took = begin.elapsed().as_secs_f64();
    end(leash, &mut child)?;
    ran.map(|()| took)
}

fn run_in(leash: &UnixStream, spec: GuestSpec, run: Run, folder: &Path) -> Result<()> {
    send(leash, &Order::Start(Box::new(spec)), &[])?;
    match receive::<Told>(leash)?.0 {
        Told::Ready => {}
        Told::Failed { reason } => anyhow::bail!("no guest: {reason}"),
    }
    let mut running = Channel::new(folder).ask(&bottle_guest::Request::Run(run))?;
    // Its last word is how it ended.
    let mut said = Vec::new();
    running.end.read_to_end(&mut said)?;
    ensure!(
        String::from_utf8_lossy(&said).contains("\"status\":0"),
        "true did not end well"
    );
    Ok(())
}

fn end(leash: UnixStream, child: &mut Child) -> Result<()> {
    drop(leash);
    child.wait()?;
    Ok(())
}

/// Returns the first process of a guest and its relay.
fn processes(folder: &Path) -> Result<(u32, u32)> {
    let keeper: u32 = fs::read_to_string(folder.join("keeper"))?.parse()?;
    let children = fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children"))?;
    let (mut first, mut relay) = (None, None);
    for child in children.split_whitespace().filter_map(|word| word.parse().ok()) {
        let line = fs::read(format!("/proc/{child}/cmdline"))?;
        match line {
            line if line.starts_with(b"/relay") => relay = Some(child),
            line if !line.windows(5).any(|word| word == b"\0init") => first = Some(child),
            _ => {}
        }
    }
    first
        .zip(relay)
        .context("a guest without a relay or a first process")
}

/// Returns what a process alone keeps in memory, in kilobytes: its own pages, and its part of those that it shares.
fn resident(process: u32) -> Result<f64> {
    let file = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
    number.with_context(|| format!("{file} does not say"))
}
