//! Where one piece of work is done once: an upstream as it was made, and one way to it.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::Work;
use super::remote::{Remote, Way};
use super::repositories::{Repositories, branch, git, init};
use super::sshd::Sshd;
use crate::usage;

/// All of it goes when this is dropped.
pub(super) struct Stage<'a> {
    repositories: &'a Repositories,
    sshd: &'a Sshd,
    remote: Remote,
    upstream: PathBuf,
    folder: TempDir,
}

impl<'a> Stage<'a> {
    pub(super) fn set(repositories: &'a Repositories, sshd: &'a Sshd, way: &Way, work: Work) -> Result<Self> {
        let folder = TempDir::with_prefix("bottle-bench-")?;
        let upstream = folder.path().join("app.git");
        repositories.copy(!matches!(work, Work::Push(_)), &upstream)?;
        let remote = way.open(sshd, &upstream, folder.path())?;
        let stage = Self {
            repositories,
            sshd,
            remote,
            upstream,
            folder,
        };
        if work != Work::FirstClone {
            stage.client(&["ls-remote", &stage.remote.url])?;
        }
        Ok(stage)
    }

    /// Does the work.
    pub(super) fn run(&self, work: Work) -> Result<()> {
        let url = self.remote.url.as_str();
        let clone = self.clone_path().display().to_string();
        match work {
            Work::Push(commits) => {
                let name = branch(commits);
                self.client(&["push", "--quiet", url, &format!("{name}:{name}")])?;
            }
            // Writing files out is the same for all.
            Work::Clone | Work::FirstClone => {
                self.client(&["clone", "--quiet", "--no-checkout", url, &clone])?;
            }
        }
        Ok(())
    }

    /// Tells whether the work was really done.
    pub(super) fn check(&self, work: Work) -> Result<()> {
        let (there, here) = match work {
            Work::Push(commits) => (
                git(&self.upstream, &["rev-parse", &branch(commits)])?,
                git(&self.repositories.work(), &["rev-parse", &branch(commits)])?,
            ),
            Work::Clone | Work::FirstClone => (
                git(&self.upstream, &["rev-parse", "main"])?,
                git(&self.clone_path(), &["rev-parse", "origin/main"])?,
            ),
        };
        ensure!(there == here, "the work was not done");
        Ok(())
    }

    /// Pushes a key that opens nothing and looks like one that does.
    pub(super) fn passes_a_secret(&self) -> Result<bool> {
        let dirty = self.folder.path().join("dirty.git");
        init(&dirty)?;
        let upstream = self.upstream.display().to_string();
        git(&dirty, &["fetch", "--quiet", &upstream, "main"])?;
        // With its pair, without which some scanners take it for a name.
        let key = [
            "aws_key_id = AKIA",
            "QRSTUV2WXYZ3ABCD\naws_secret_access_key = \"wJalrXUtnFEMI/K7MDENG",
            "/bPxRfiCYzzPLEKEY12\"\n",
        ]
        .concat();
        let file = self.folder.path().join("key.txt");
        std::fs::write(&file, key)?;
        let blob = git(&dirty, &["hash-object", "-w", &file.display().to_string()])?;
        git(&dirty, &["read-tree", "FETCH_HEAD"])?;
        let entry = format!("100644,{blob},key.txt");
        git(&dirty, &["update-index", "--add", "--cacheinfo", &entry])?;
        let tree = git(&dirty, &["write-tree"])?;
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let commit = ["commit-tree", "-p", "FETCH_HEAD", "-m", "add a key", &tree];
        let commit = git(&dirty, &[&who[..], &commit].concat())?;
        let pushed = self.client_in(
            &dirty,
            &[
                "push",
                &self.remote.url,
                &format!("{commit}:refs/heads/bottle/bench/dirty"),
            ],
        );
        Ok(pushed.is_ok())
    }

    /// Processor time of client, gate and upstream so far, in seconds.
    pub(super) fn processor_time(&self) -> Result<f64> {
        let own = [std::process::id(), self.sshd.id()];
        let all = own.into_iter().chain(self.remote.gate_id());
        all.map(usage::with_ended_children).sum()
    }

    fn clone_path(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    fn client(&self, arguments: &[&str]) -> Result<String> {
        self.client_in(&self.repositories.work(), arguments)
    }

    fn client_in(&self, folder: &std::path::Path, arguments: &[&str]) -> Result<String> {
        let ssh = format!("core.sshCommand={}", self.sshd.command()?);
        git(folder, &[&["-c", &ssh], arguments].concat()).with_context(|| self.remote.said())
    }
}
