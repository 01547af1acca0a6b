//! The upstream of one repository: how git reaches it, and nothing else.

mod address;
mod connection;
mod failure;
mod https;
mod passphrase;
mod ssh;

use std::ffi::OsString;
use std::path::Path;

use bottle_wire::git_gate::RepoBoot;

pub(crate) use connection::Lease;
pub(crate) use failure::UpstreamError;
use https::Https;
use ssh::Ssh;

use crate::git::Call;
use crate::settings::{OpenError, Programs};

/// An upstream with what it takes to reach it.
#[derive(Debug)]
pub(crate) struct Upstream {
    url: String,
    access: Access,
    worker: Vec<OsString>,
}

#[derive(Debug)]
enum Access {
    Ssh(Box<Ssh>),
    Https(Https),
}

impl Upstream {
    /// Prepares what git needs to reach it, in a folder of the gate's.
    pub(crate) async fn open(
        boot: &RepoBoot,
        roots: &[bottle_wire::boot::Base64],
        programs: &Programs,
        folder: &Path,
    ) -> Result<Self, OpenError> {
        let access = match boot.repo.url.starts_with("https://") {
            true => Access::Https(Https::open(boot, roots, folder)?),
            false => Access::Ssh(Box::new(Ssh::open(boot, programs, folder).await?)),
        };
        let url = boot.repo.url.clone();
        let worker = programs.worker.clone();
        Ok(Self { url, access, worker })
    }

    /// Returns the address, which begins with `ssh://` or `https://` and never with a dash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Has a connection made that the calls share which follow, where there can be one; it is kept while this is.
    pub(crate) async fn lease(&self) -> Option<Lease> {
        match &self.access {
            Access::Ssh(ssh) => ssh.lease().await,
            Access::Https(_) => None,
        }
    }

    /// Lets a call that reaches nothing end with this process.
    pub(crate) fn carried(&self, call: Call) -> Call {
        call.carrying(&self.worker, None)
    }

    /// Lets a call reach it.
    pub(crate) fn arm(&self, call: Call) -> Call {
        match &self.access {
            Access::Ssh(ssh) => ssh.arm(call).carrying(&self.worker, None),
            Access::Https(https) => https.arm(call).carrying(&self.worker, https.configuration()),
        }
    }
}
