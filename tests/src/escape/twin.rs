//! The same program without walls: on the host, as whoever runs the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use rustix::process::geteuid;

use super::attempt::Beside;
use crate::harness::{Finished, Running};

const LIMIT: Duration = Duration::from_secs(30);
/// A careless runtime: something is mounted, a file is left open, and the program is not the first process.
const CARELESS: &str = r#"mount -t tmpfs none /mnt && exec 9</ && { "$@"; exit $?; }"#;

/// A folder on the host that an attempt is made in.
#[derive(Debug)]
pub(super) struct Twin {
    yard: PathBuf,
}

impl Twin {
    pub(super) fn in_yard(yard: &Path) -> Self {
        Self {
            yard: yard.to_owned(),
        }
    }

    /// Runs a command where nothing holds it back but what it would change for others.
    pub(super) fn run(&self, beside: Beside, argv: &[String]) -> Result<Finished> {
        let mut command = Command::new("unshare");
        // Whoever is not root has all that root has in a namespace of their own.
        if !geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "--uts", "--propagation", "private"]);
        if beside == Beside::Apart {
            command.args(["--pid", "--fork", "--mount-proc"]);
        }
        command
            .args(["sh", "-c", CARELESS, "sh"])
            .args(argv)
            .current_dir(&self.yard);
        Running::start(&mut command)?.wait(LIMIT)
    }
}
