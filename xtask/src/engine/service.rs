//! Installs and starts the engine where that is allowed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::api::{Api, Presence};
use crate::machine::Machine;
use crate::process;

/// How long a started engine may take to answer.
const START_LIMIT: Duration = Duration::from_secs(60);

pub(super) fn ensure_answers(machine: &Machine, api: &Api) -> Result<()> {
    match api.presence() {
        Presence::Answers => return Ok(()),
        Presence::Forbidden => bail!(
            "{} exists, but this user may not use it; add the user to the group that owns it \
             (`sudo usermod -aG docker $USER`, then log in again) or run this as root",
            api.socket().display()
        ),
        Presence::Absent => {}
    }
    if machine.docker_host.is_some() {
        bail!(
            "no Docker Engine answers at {}, which DOCKER_HOST names",
            api.socket().display()
        );
    }
    if !machine.may_install_packages() {
        bail!(
            "no Docker Engine answers at {}; install one and start it (on Debian, as root: `apt-get install \
             docker.io iptables`), or run this as root on Debian, where it does so itself",
            api.socket().display()
        );
    }
    install_missing(machine, &[("dockerd", "docker.io"), ("iptables", "iptables")])?;
    start(machine, api)
}

/// Installs the packages of the programs that are not there.
pub(crate) fn install_missing(machine: &Machine, wanted: &[(&str, &str)]) -> Result<()> {
    let missing = wanted
        .iter()
        .filter(|(program, _)| machine.find_program(program).is_none());
    let packages: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    process::run(apt_get().args(["update", "-qq"]))?;
    process::run(
        apt_get()
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&packages),
    )
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null());
    command
}

/// Starts the engine through the machine's service manager if it has one, else as a process that outlives this one.
fn start(machine: &Machine, api: &Api) -> Result<()> {
    if Path::new("/run/systemd/system").exists() {
        process::run(Command::new("systemctl").args(["start", "docker"]))?;
        return wait(api, None);
    }
    let folder = machine.target().join("engine");
    fs::create_dir_all(&folder)?;
    let log = folder.join("dockerd.log");
    let output = File::create(&log)?;
    eprintln!("starting dockerd, which writes to {}", log.display());
    Command::new("setsid")
        .arg(
            machine
                .find_program("dockerd")
                .context("docker.io brought no dockerd")?,
        )
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .context("cannot start dockerd")?;
    wait(api, Some(&log))
}

fn wait(api: &Api, log: Option<&Path>) -> Result<()> {
    let end = Instant::now() + START_LIMIT;
    while Instant::now() < end {
        if matches!(api.presence(), Presence::Answers) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(200));
    }
    let told = log
        .and_then(|log| fs::read_to_string(log).ok())
        .unwrap_or_default();
    let last: Vec<&str> = told.lines().rev().take(20).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    bail!(
        "dockerd was started, but did not answer within {START_LIMIT:?}\n{}",
        last.join("\n")
    )
}
