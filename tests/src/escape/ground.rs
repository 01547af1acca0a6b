//! What of the host's an attempt aims at. All of it goes when the test ends.

mod busy;
mod stray;

use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;

use super::wall::Wall;
use busy::Busy;
use stray::Stray;

/// Where every guest without an engine sees the host's files; only root can put something there.
const SHOWN: &str = "/usr/local/share";

/// Listeners, files and a process of the host's.
#[derive(Debug)]
pub(super) struct Ground {
    /// A folder that everybody on the host may enter.
    outside: Stray,
    /// The same among the host's programs, which guests may see.
    shown: Option<Stray>,
    /// The same in shared memory.
    memory: Stray,
    _busy: Option<Busy>,
    loopback: TcpListener,
    outer: Option<TcpListener>,
    datagrams: UdpSocket,
    name: String,
    _abstract: UnixListener,
    process: Child,
    segment: Option<String>,
}

impl Ground {
    pub(super) fn prepare(wall: Wall, label: &str) -> Result<Self> {
        let shown = match geteuid().is_root() {
            true => Some(Stray::make(Path::new(SHOWN))?),
            false => None,
        };
        Ok(Self {
            _busy: shown
                .as_ref()
                .map(|shown| Busy::with(&shown.file()))
                .transpose()?,
            outside: Stray::make(Path::new("/tmp"))?,
            memory: Stray::make(Path::new("/dev/shm"))?,
            shown,
            loopback: TcpListener::bind(("127.0.0.1", 0))?,
            outer: outer_address().and_then(|address| TcpListener::bind((address.as_str(), 0)).ok()),
            datagrams: UdpSocket::bind(("127.0.0.1", 0))?,
            _abstract: UnixListener::bind_addr(&SocketAddr::from_abstract_name(label)?)?,
            name: label.to_owned(),
            process: process(wall)?,
            segment: segment(),
        })
    }

    /// What a word in braces stands for; none when this host has no such thing.
    pub(super) fn value(&self, word: &str) -> Result<Option<String>> {
        let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let port = |listener: &TcpListener| Ok::<_, anyhow::Error>(listener.local_addr()?.port().to_string());
        let shown = self.shown.as_ref();
        let outer = self.outer.as_ref();
        Ok(match word {
            "{file}" => Some(text(self.outside.file())),
            "{folder}" => Some(text(self.outside.folder())),
            "{socket}" => Some(text(self.outside.socket())),
            "{pipe}" => Some(text(self.outside.pipe())),
            "{memory-file}" => Some(text(self.memory.file())),
            "{shown-file}" => shown.map(|shown| text(shown.file())),
            "{shown-socket}" => shown.map(|shown| text(shown.socket())),
            "{shown-pipe}" => shown.map(|shown| text(shown.pipe())),
            "{name}" => Some(self.name.clone()),
            "{loopback-port}" => Some(port(&self.loopback)?),
            "{datagram-port}" => Some(self.datagrams.local_addr()?.port().to_string()),
            "{address}" => outer
                .map(|outer| Ok::<_, anyhow::Error>(outer.local_addr()?.ip().to_string()))
                .transpose()?,
            "{port}" => outer.map(port).transpose()?,
            "{process}" | "{first}" => Some(self.process.id().to_string()),
            "{process-root}" => Some(format!(
                "/proc/{}/root{}",
                self.process.id(),
                text(self.outside.file())
            )),
            "{process-folder}" => Some(format!("/proc/{}/cwd", self.process.id())),
            "{process-net}" => Some(format!("/proc/{}/ns/net", self.process.id())),
            "{segment}" => self.segment.clone(),
            _ => bail!("nothing is called {word}"),
        })
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // What fails here has gone by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(segment) = &self.segment {
            let _ = Command::new("ipcrm").args(["-m", segment]).status();
        }
    }
}

/// An address of this host's that is not its loopback.
fn outer_address() -> Option<String> {
    let shown = Command::new("hostname").arg("-I").output().ok()?;
    let shown = String::from_utf8(shown.stdout).ok()?;
    shown.split_whitespace().next().map(str::to_owned)
}

/// A process that the agent would like to have, of the same user as the command's.
fn process(wall: Wall) -> Result<Child> {
    let mut command = Command::new("sleep");
    command.arg("3600").current_dir("/").stdin(Stdio::null());
    if let Some(user) = wall.user() {
        command.uid(user).gid(user);
    }
    command.spawn().context("cannot start a process")
}

/// Shared memory that everybody may read.
fn segment() -> Option<String> {
    let made = Command::new("ipcmk")
        .args(["-M", "64", "-p", "0666"])
        .output()
        .ok()?;
    let said = String::from_utf8(made.stdout).ok()?;
    said.rsplit(' ').next().map(|number| number.trim().to_owned())
}
