//! The folder, the certificates and the upstream that all proxies of a run share.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::certificates::{Authority, Pair};
use crate::client::Way;
use crate::part::{OwnPart, this_program};

/// What every proxy is started with.
#[derive(Debug)]
pub(crate) struct Scene {
    folder: TempDir,
    /// The authority that clients of intercepting proxies trust.
    pub(crate) interceptor: Authority,
    upstream_authority: PathBuf,
    ports: [u16; 2],
    _upstream: OwnPart,
}

impl Scene {
    /// Makes certificates and starts the upstream.
    pub(crate) fn set() -> Result<Self> {
        let folder = TempDir::with_prefix("bottle-bench-")?;
        // A proxy that gives up being root still has to find its files.
        open_to_all(folder.path())?;
        let upstream = Authority::new(folder.path(), "upstream-ca")?;
        let trusted = upstream.leaf(folder.path(), "upstream")?;
        let forged = Authority::new(folder.path(), "forged-ca")?.leaf(folder.path(), "forged")?;
        let mut part = OwnPart::start(
            this_program()?
                .arg("upstream")
                .args(pair("", &trusted))
                .args(pair("forged-", &forged)),
        )?;
        Ok(Self {
            interceptor: Authority::new(folder.path(), "interceptor-ca")?,
            upstream_authority: upstream.files.certificate,
            ports: part.hear_ports().context("the upstream does not start")?,
            _upstream: part,
            folder,
        })
    }

    /// The file of that name in this run's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder of that name, made for a proxy.
    pub(crate) fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.file(name);
        std::fs::create_dir(&folder)?;
        open_to_all(&folder)?;
        Ok(folder)
    }

    /// The authority that signs the upstream's certificate.
    pub(crate) fn upstream_authority(&self) -> &Path {
        &self.upstream_authority
    }

    /// The ports of the upstream: one with a good certificate, one with a forged one.
    pub(crate) const fn ports(&self) -> [u16; 2] {
        self.ports
    }

    /// The way without any proxy.
    pub(crate) fn direct(&self) -> Way {
        let [upstream, _] = self.ports;
        Way {
            upstream,
            proxy: None,
            token: None,
            trusted: self.upstream_authority.clone(),
        }
    }
}

/// The arguments by which a part of this program takes a certificate.
pub(crate) fn pair(prefix: &str, pair: &Pair) -> Vec<std::ffi::OsString> {
    vec![
        format!("--{prefix}certificate").into(),
        pair.certificate.clone().into(),
        format!("--{prefix}key").into(),
        pair.key.clone().into(),
    ]
}

fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(
        folder,
        std::fs::Permissions::from_mode(0o777),
    )?)
}
