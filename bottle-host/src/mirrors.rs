//! Where a git gate on the host keeps its mirrors, and under which name it runs.
//!
//! Started by root, the gate has a user of its own, who has no name and may not pass through root's folders; and ssh runs
//! for nobody without a name. So the sidecar sees the folder in a place that everybody may pass through, and a list of
//! users with one more. Nobody else sees either.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bottle_backend::{BoxError, LaunchError};
use bottle_util::files;

use crate::{Folder, Guest};

/// The git gate's user where root starts it.
const GATE: u32 = 64_011;
/// The system's list of users, and the most bytes of it that are read.
const ACCOUNTS: &str = "/etc/passwd";
const ACCOUNTS_BYTES: u64 = 4 << 20;
/// Folders that every system has and no program of a sidecar's lies in; one of them is hidden from the sidecar.
const PLACES: [&str; 4] = ["/mnt", "/srv", "/media", "/opt"];

/// The mirrors' folder as the sidecar sees it.
#[derive(Debug)]
pub(crate) struct Mirrors {
    /// Its path.
    pub(crate) seen: PathBuf,
    /// What the sidecar sees in the place of what.
    pub(crate) instead: Vec<(PathBuf, PathBuf)>,
}

impl Mirrors {
    /// Makes what is missing.
    pub(crate) fn prepare<G: Guest>(folder: &Folder<G>, binaries: &Path) -> Result<Self, LaunchError> {
        let failed = |error: io::Error| LaunchError::Step {
            step: "make a place for mirrors",
            source: BoxError::from(error),
        };
        let us = rustix::process::geteuid();
        let accounts = files::read_bounded(Path::new(ACCOUNTS), ACCOUNTS_BYTES).map_err(failed)?;
        let accounts = String::from_utf8_lossy(&accounts).into_owned();
        let user = if us.is_root() { GATE } else { us.as_raw() };
        let mut instead = Vec::new();
        if let Some(accounts) = with_user(&accounts, user) {
            files::write_with_mode(&folder.accounts(), accounts.as_bytes(), 0o644).map_err(failed)?;
            instead.push((folder.accounts(), ACCOUNTS.into()));
        }
        let git = folder.git();
        if !git.exists() {
            files::create_private_dir(&git).map_err(failed)?;
        }
        if !us.is_root() {
            return Ok(Self { seen: git, instead });
        }
        let place = place(&[folder.path(), binaries])?;
        instead.push((git, place.clone()));
        Ok(Self { seen: place, instead })
    }
}

/// Returns the list with one more user, if that one is not in it.
fn with_user(accounts: &str, user: u32) -> Option<String> {
    let id = user.to_string();
    let is_there = |line: &str| line.split(':').nth(2) == Some(&id);
    if accounts.lines().any(is_there) {
        return None;
    }
    let end = if accounts.is_empty() || accounts.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Some(format!(
        "{accounts}{end}bottle-git-gate:x:{user}:{user}::/nonexistent:/usr/sbin/nologin\n"
    ))
}

/// Finds a folder that may be hidden: everybody may pass through it, and nothing that is needed lies in it.
fn place(needed: &[&Path]) -> Result<PathBuf, LaunchError> {
    let is_free = |place: &&Path| {
        let open = fs::metadata(place).is_ok_and(|meta| meta.is_dir() && meta.permissions().mode() & 1 != 0);
        let is_link = fs::symlink_metadata(place).is_ok_and(|meta| meta.is_symlink());
        open && !is_link && !needed.iter().any(|path| path.starts_with(place))
    };
    let found = PLACES.iter().map(Path::new).find(is_free);
    found.map(Path::to_owned).ok_or_else(|| LaunchError::Unsupported {
        what: "a git gate that root starts",
        reason: format!(
            "it needs one of the folders {}, with nothing of Bottle's in it",
            PLACES.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_without_a_name_gets_one() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/sh";
        assert_eq!(with_user(accounts, 1000), None);
        let more = with_user(accounts, 64_011).unwrap();
        assert!(more.starts_with(&format!("{accounts}\n")), "{more}");
        assert!(more.ends_with("bottle-git-gate:x:64011:64011::/nonexistent:/usr/sbin/nologin\n"));
        assert_eq!(with_user(&more, 64_011), None);
    }

    #[test]
    fn what_is_needed_is_not_hidden() {
        let taken: Vec<PathBuf> = PLACES
            .iter()
            .map(|place| Path::new(place).join("bottles"))
            .collect();
        let taken: Vec<&Path> = taken.iter().map(PathBuf::as_path).collect();
        assert!(place(&taken).is_err());
        if let Ok(free) = place(&[]) {
            assert_ne!(place(&[&free.join("bottles")]).ok(), Some(free));
        }
    }
}
