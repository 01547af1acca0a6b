//! The upstream's server: a real sshd on loopback, with keys of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::part::{Part, free_address};

/// It ends when this is dropped.
pub(super) struct Sshd {
    folder: TempDir,
    part: Part,
    address: SocketAddr,
    user: String,
}

const PROGRAM: &str = "/usr/sbin/sshd";

impl Sshd {
    pub(super) fn start() -> Result<Self> {
        ensure!(
            PathBuf::from(PROGRAM).is_file(),
            "there is no sshd to be the upstream"
        );
        let folder = TempDir::with_prefix("bottle-bench-")?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &path(name)]);
            ensure!(keygen.status()?.success(), "ssh-keygen failed");
        }
        // Where sshd gives up privileges; it says so itself if it is not there.
        let _there = fs::create_dir_all("/run/sshd");
        let address = free_address()?;
        let git = Command::new("git").arg("--exec-path").output()?;
        let git = String::from_utf8(git.stdout)?;
        let config = format!(
            "Port {}\nListenAddress {}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nAcceptEnv GIT_PROTOCOL\nMaxStartups 100\nSetEnv PATH={}:/usr/local/bin:/usr/bin:/bin\n",
            address.port(),
            address.ip(),
            path("host"),
            path("user.pub"),
            git.trim(),
        );
        fs::write(path("config"), config)?;
        let user = Command::new("id").arg("-un").output()?;
        let mut sshd = Command::new(PROGRAM);
        let mut part = Part::start(
            sshd.args(["-D", "-e", "-f", &path("config")]),
            &folder.path().join("log"),
        )?;
        part.wait_for(address)?;
        Ok(Self {
            user: String::from_utf8(user.stdout)?.trim().to_owned(),
            folder,
            part,
            address,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.part.id()
    }

    /// Where a repository is, given its path on this machine.
    pub(super) fn url(&self, path: &str) -> String {
        format!("ssh://{}@{}{path}", self.user, self.address)
    }

    /// The file of the user's key.
    pub(super) fn key(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    pub(super) fn host_key(&self) -> Result<String> {
        let text = fs::read_to_string(self.folder.path().join("host.pub"))?;
        let (key, _comment) = text.rsplit_once(' ').context("ssh-keygen wrote no key")?;
        Ok(key.to_owned())
    }

    /// ssh as git is to run it: this host, this key.
    pub(super) fn command(&self) -> Result<String> {
        let known = self.folder.path().join("known_hosts");
        let line = format!(
            "[{}]:{} {}\n",
            self.address.ip(),
            self.address.port(),
            self.host_key()?
        );
        fs::write(&known, line)?;
        Ok(format!(
            "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile={} -o UserKnownHostsFile={}",
            self.key().display(),
            known.display(),
        ))
    }
}
