//! Skills: folders of the host's that are copied into the guest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_backend::{Bottle, CopyOwner, PutFile};
use bottle_plan::BottlePlan;

use super::{ProvisionError, Step, StepError};

/// The most entries that a skill may have.
const MAX_ENTRIES: usize = 10_000;
/// The most bytes that a skill may have.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Says why a skill cannot be copied as it is.
#[derive(Debug, thiserror::Error)]
pub enum SkillError {
    /// The system refused.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A link points out of the skill's folder, or nowhere.
    #[error("{link} is a link that leaves the skill's folder")]
    LinkLeaves {
        /// The link.
        link: PathBuf,
    },
    /// A device, socket or pipe.
    #[error("{path} is neither a file nor a folder")]
    NotAFile {
        /// What it is.
        path: PathBuf,
    },
    /// The skill is larger than any skill needs to be.
    #[error("the skill {folder} has more than {MAX_ENTRIES} entries or 256 MiB")]
    TooLarge {
        /// The skill.
        folder: PathBuf,
    },
}

/// Copies every skill of the plan to the program's folder for them; nothing when the program has none.
///
/// # Errors
///
/// When a skill holds a link that leaves it, or the guest refuses a file.
pub async fn apply_skills(plan: &BottlePlan, bottle: &dyn Bottle) -> Result<(), ProvisionError> {
    let Some(root) = &plan.provider.skills else {
        return Ok(());
    };
    if plan.skills.is_empty() {
        return Ok(());
    }
    let failed = |error: StepError| Step::Skills.failed(error);
    let directory = PutFile {
        path: root.clone(),
        mode: 0o755,
        content: None,
    };
    let made = bottle.put(&[directory], CopyOwner::Agent).await;
    made.map_err(|error| failed(error.into()))?;
    for skill in &plan.skills {
        let folder = check_skill(&skill.folder).map_err(|error| failed(error.into()))?;
        let guest = root
            .join(skill.name.as_str())
            .map_err(|error| failed(error.into()))?;
        let copied = bottle.cp_in(&folder, &guest, CopyOwner::Agent).await;
        copied.map_err(|error| failed(error.into()))?;
    }
    Ok(())
}

/// Tells that a skill can be copied: it holds files, folders and links within itself, and not too many of them.
/// Returns its real folder.
///
/// # Errors
///
/// The first thing in it that must not be copied.
pub fn check_skill(folder: &Path) -> Result<PathBuf, SkillError> {
    let root = folder.canonicalize().map_err(|error| unreadable(folder, error))?;
    let mut pending = vec![root.clone()];
    let (mut entries, mut bytes) = (0_usize, 0_u64);
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).map_err(|error| unreadable(&directory, error))? {
            let path = entry.map_err(|error| unreadable(&directory, error))?.path();
            let found = fs::symlink_metadata(&path).map_err(|error| unreadable(&path, error))?;
            entries += 1;
            bytes = bytes.saturating_add(found.len());
            if entries > MAX_ENTRIES || bytes > MAX_BYTES {
                return Err(SkillError::TooLarge { folder: root });
            }
            match found.file_type() {
                kind if kind.is_dir() => pending.push(path),
                kind if kind.is_symlink() => stays_inside(&root, path)?,
                kind if kind.is_file() => {}
                _ => return Err(SkillError::NotAFile { path }),
            }
        }
    }
    Ok(root)
}

fn stays_inside(root: &Path, link: PathBuf) -> Result<(), SkillError> {
    match link.canonicalize() {
        Ok(target) if target.starts_with(root) => Ok(()),
        _ => Err(SkillError::LinkLeaves { link }),
    }
}

fn unreadable(path: &Path, source: io::Error) -> SkillError {
    SkillError::Read {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn skill(link_to: &str) -> (tempfile::TempDir, Result<PathBuf, SkillError>) {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("skills/review");
        fs::create_dir_all(folder.join("scripts")).unwrap();
        fs::create_dir_all(home.path().join("skills/review-other")).unwrap();
        fs::write(folder.join("SKILL.md"), "x").unwrap();
        fs::write(home.path().join("id_ed25519"), "key").unwrap();
        symlink(link_to, folder.join("scripts/link")).unwrap();
        let checked = check_skill(&folder);
        (home, checked)
    }

    #[test]
    fn skill_name_cannot_traverse() {
        for name in ["../x", "..", "a/b", "/etc", ""] {
            assert!(name.parse::<bottle_plan::names::Name>().is_err(), "{name}");
        }
        for target in [
            "../../../id_ed25519",
            "/etc/passwd",
            "../../review-other",
            "..",
            "../..",
            "nowhere",
        ] {
            let (_home, checked) = skill(target);
            let leaves = matches!(&checked, Err(SkillError::LinkLeaves { .. }));
            assert_eq!(leaves, target != "..", "{target}: {checked:?}");
        }
    }

    #[test]
    fn links_within_a_skill_are_its_own() {
        let (_home, checked) = skill("../SKILL.md");
        assert!(checked.unwrap().ends_with("skills/review"));
    }

    #[test]
    fn a_pipe_is_no_part_of_a_skill() {
        let folder = tempfile::tempdir().unwrap();
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
        assert!(matches!(
            check_skill(folder.path()),
            Err(SkillError::NotAFile { .. })
        ));
        drop(socket);
    }

    #[test]
    fn a_missing_skill_is_named() {
        let error = check_skill(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.to_string(), "cannot read /nowhere/at/all");
    }
}
