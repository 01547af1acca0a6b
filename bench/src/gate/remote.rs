//! The ways to an upstream.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::http_backend::HttpBackend;
use super::others::{self, Other};
use super::sshd::Sshd;
use crate::backends;
use crate::part::{Part, free_address};
use crate::tools::{self, Tools};

/// A way to an upstream.
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) version: String,
    kind: Kind,
}

enum Kind {
    Direct,
    Gate(PathBuf),
    Other(Other),
}

/// An open way; it is closed when this is dropped.
pub(super) struct Remote {
    pub(super) url: String,
    gate: Option<Part>,
    _backend: Option<HttpBackend>,
}

impl Way {
    pub(super) const ALL: [fn(&Tools) -> Result<Self>; 4] =
        [Self::direct, Self::gate, Self::gitleaks, Self::betterleaks];

    fn direct(_: &Tools) -> Result<Self> {
        Ok(Self {
            name: "direct",
            version: tools::version(Command::new("git").arg("--version"))?,
            kind: Kind::Direct,
        })
    }

    /// The static program, as it is shipped.
    fn gate(_: &Tools) -> Result<Self> {
        let program = backends::binaries()?.join("bottle-sidecar");
        Ok(Self {
            name: "gate",
            version: tools::version(Command::new(&program).arg("--version"))?,
            kind: Kind::Gate(program),
        })
    }

    fn gitleaks(tools: &Tools) -> Result<Self> {
        Self::other("hook+gitleaks", Other::gitleaks(tools)?)
    }

    fn betterleaks(tools: &Tools) -> Result<Self> {
        Self::other("hook+betterleaks", Other::betterleaks(tools)?)
    }

    fn other(name: &'static str, other: Other) -> Result<Self> {
        Ok(Self {
            name,
            version: other.version()?,
            kind: Kind::Other(other),
        })
    }

    pub(super) fn is_gate(&self) -> bool {
        !matches!(self.kind, Kind::Direct)
    }

    /// Whether a mirror is filled by asking for it; those of the other design are filled before they serve.
    pub(super) fn fills_by_itself(&self) -> bool {
        !matches!(self.kind, Kind::Other(_))
    }

    /// Opens the way to a repository.
    pub(super) fn open(&self, sshd: &Sshd, upstream: &Path, folder: &Path) -> Result<Remote> {
        let url = sshd.url(&upstream.display().to_string());
        match &self.kind {
            Kind::Direct => Ok(Remote {
                url,
                gate: None,
                _backend: None,
            }),
            Kind::Gate(program) => gate(program, &url, sshd, folder),
            Kind::Other(other) => {
                let mirrors = others::mirror(other, &url, sshd, folder)?;
                let backend = HttpBackend::serve(mirrors, sshd.command()?)?;
                Ok(Remote {
                    url: format!("http://{}/app.git", backend.address()),
                    gate: None,
                    _backend: Some(backend),
                })
            }
        }
    }
}

fn gate(program: &Path, url: &str, sshd: &Sshd, folder: &Path) -> Result<Remote> {
    let config = folder.join("gate.yaml");
    let text = format!(
        "git-gate:\n  repos:\n    app:\n      url: '{url}'\n      host_key: {}\n      \
         key: {{provider: static, path: '{}'}}\n      branches: ['bottle/*']\n",
        sshd.host_key()?,
        sshd.key().display(),
    );
    fs::write(&config, text)?;
    let address: SocketAddr = free_address()?;
    let mut command = Command::new(program);
    command.args(["git-gate", "--listen", &format!("tcp:{address}"), "--config"]);
    command.arg(&config).arg("--folder").arg(folder.join("mirrors"));
    command.arg("--events").arg(folder.join("events"));
    let mut part = Part::start(&mut command, &folder.join("gate.log"))?;
    part.wait_for(address)?;
    Ok(Remote {
        url: format!("http://{address}/app.git"),
        gate: Some(part),
        _backend: None,
    })
}

impl Remote {
    pub(super) fn gate_id(&self) -> Option<u32> {
        self.gate.as_ref().map(Part::id)
    }

    /// What the gate said last, for a failure.
    pub(super) fn said(&self) -> String {
        let said = self.gate.as_ref().map(Part::log_tail);
        said.unwrap_or_else(|| "git failed".to_owned())
    }
}
