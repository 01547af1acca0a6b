//! Bottles without an engine: who may have them here.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::programs;
use super::skip::{Reason, skip};
use super::stage::Stage;

/// Where servers of a test listen that a sidecar on the host must reach.
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A user id that nobody has.
pub(crate) const SOMEBODY: u32 = 61_017;
/// An engine that does not answer.
pub(super) const NO_ENGINE: &str = "unix:///nowhere/docker.sock";

/// Who starts bottles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever runs the tests.
    Caller,
    /// An ordinary user, when root runs the tests.
    Somebody,
}

impl Who {
    /// All that can be tried here: an ordinary user always, and root when root runs the tests.
    #[must_use]
    pub fn all() -> &'static [Self] {
        match rustix::process::geteuid().is_root() {
            true => &[Self::Caller, Self::Somebody],
            false => {
                eprintln!("not root: bottles of an ordinary user only");
                &[Self::Caller]
            }
        }
    }
}

/// Makes a stage whose bottles run in namespaces, or says that this test is skipped where nobody may make those.
pub fn native_or_skip(test: &str, who: Who) -> Result<Option<Stage>> {
    let mut stage = Stage::without_engine()?;
    stage.set("DOCKER_HOST", NO_ENGINE);
    if who == Who::Somebody {
        stage.become_somebody(SOMEBODY)?;
    }
    match forbidden(&stage, who)? {
        None => Ok(Some(stage)),
        Some(reason) => {
            eprintln!("USER NAMESPACES ARE FORBIDDEN HERE to {who:?}: {reason}");
            skip(test, Reason::Impossible("namespaces of users"))?;
            Ok(None)
        }
    }
}

/// Has the sidecar try what every guest needs.
fn forbidden(stage: &Stage, who: Who) -> Result<Option<String>> {
    let probe = ["guest", "--probe"];
    let tried = match who {
        Who::Caller => Command::new(programs::dist_folder()?.join("bottle-sidecar"))
            .args(probe)
            .output()?,
        Who::Somebody => Command::new("setpriv")
            .args([
                &format!("--reuid={SOMEBODY}"),
                &format!("--regid={SOMEBODY}"),
                "--clear-groups",
            ])
            .arg(stage.folder().join("programs/bottle-sidecar"))
            .args(probe)
            .output()?,
    };
    let said = String::from_utf8_lossy(&tried.stderr).into_owned();
    Ok((!tried.status.success()).then_some(said))
}

/// Puts the real agents' programs on the search path of a stage, where its user may look; or says that they are not
/// there.
pub fn find_agents_or_skip(test: &str, stage: &mut Stage) -> Result<bool> {
    let Some(folder) = programs::agents_folder() else {
        skip(
            test,
            Reason::Missing("claude and codex; `cargo xtask test --only native` gets them"),
        )?;
        return Ok(false);
    };
    let seen = stage.folder().join("agents");
    link_tree(&folder, &seen)?;
    stage.set(
        "PATH",
        &format!("{}/bin:/usr/local/bin:/usr/bin:/bin", seen.display()),
    );
    Ok(true)
}

fn link_tree(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp").args(["-a", "-l"]).arg(from).arg(to).status()?;
    if !copied.success() {
        let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
        ensure!(copied.success(), "cannot copy {}", from.display());
    }
    Ok(())
}

/// Reads every file of a folder, one after the other. What another user keeps to themselves is passed over.
pub fn read_all(path: &Path, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if meta.is_file() {
        return take(&fs::read(path).unwrap_or_default());
    }
    if meta.is_dir() {
        for entry in fs::read_dir(path).context("cannot look into a folder")? {
            read_all(&entry?.path(), take)?;
        }
    }
    Ok(())
}
