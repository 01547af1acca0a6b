//! The user's own repository. Its configuration may have been written by somebody else: only commands that act upon
//! little of it are run there, and what they would act upon is switched off.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use bottle_plan::names::Identity;
use bottle_util::{files, untrusted};

use super::bundle::is_object;
use super::git::{Call, Git, GitError, Input, call};

/// A repository that commits are brought to.
pub(super) struct Repository {
    git: Git,
    folder: PathBuf,
    shallow: Option<String>,
}

/// Says why a repository does not take commits.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// There is none.
    #[error("{folder} is in no git repository: {said}")]
    None {
        /// Where it was looked for.
        folder: PathBuf,
        /// What git said.
        said: String,
    },
    /// The host's git could not do it.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Somebody works on the branch.
    #[error("the branch {branch} is checked out in {at}")]
    CheckedOut {
        /// The branch.
        branch: String,
        /// Where.
        at: String,
    },
    /// The branch is another name of something else.
    #[error("{branch} stands for another branch and is not moved")]
    Symbolic {
        /// The branch.
        branch: String,
    },
    /// The branch has commits that would be lost.
    #[error("the branch {branch} has commits that the workspace has not")]
    MovedOn {
        /// The branch.
        branch: String,
    },
}

impl RepositoryError {
    /// Returns what the user can do about it, when something is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None { .. } => Some("name a folder of the repository behind the bottle".to_owned()),
            Self::CheckedOut { .. } => Some("switch to another branch there, and pull again".to_owned()),
            Self::Symbolic { branch } => {
                Some(format!("`git symbolic-ref -d refs/heads/{branch}` removes it"))
            }
            Self::MovedOn { branch } => Some(format!(
                "`git branch -m {branch} {branch}-before` puts them aside; then pull again"
            )),
            Self::Git(_) => None,
        }
    }
}

/// The most bytes of a list of the commits at which a history ends.
const MOST_SHALLOW: u64 = 1 << 20;

impl Repository {
    /// Opens the repository that the user named a folder of.
    pub(super) async fn open(git: &Git, folder: &Path) -> Result<Self, RepositoryError> {
        Self::find(git, folder, &[]).await
    }

    /// Finds the repository that a folder belongs to. A folder that is itself like a repository's inside does not count:
    /// where it is mounted into a guest, the agent may have made it one.
    pub(super) async fn discover(git: &Git, folder: &Path) -> Result<Self, RepositoryError> {
        Self::find(git, folder, &["-c", "safe.bareRepository=explicit"]).await
    }

    async fn find(git: &Git, folder: &Path, settings: &[&str]) -> Result<Self, RepositoryError> {
        let mut arguments: Vec<OsString> = settings.iter().map(OsString::from).collect();
        let place: [OsString; 2] = ["-C".into(), folder.into()];
        arguments.extend(place);
        arguments.extend(["rev-parse", "--absolute-git-dir"].map(OsString::from));
        let find = Call {
            folder: None,
            arguments,
            input: Input::Nothing,
            output: None,
        };
        let found = match git.run(find).await {
            Err(GitError::Failed { said, .. }) => {
                let folder = folder.to_owned();
                return Err(RepositoryError::None { folder, said });
            }
            found => found?,
        };
        let folder = path(found);
        let mut git = git.clone();
        git.set(without_hooks(&git, &folder).await?);
        let shallow = git
            .run(call(&folder, &["rev-parse", "--git-path", "shallow"]))
            .await?;
        let shallow = shallow_list(&folder.join(path(shallow)));
        Ok(Self { git, folder, shallow })
    }

    /// Returns its git folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the commits at which its history ends, as git keeps them; none when it is whole.
    pub(super) fn shallow(&self) -> Option<&str> {
        self.shallow.as_deref()
    }

    /// Says early why the branch could not be moved.
    pub(super) async fn check(&self, identity: &Identity) -> Result<(), RepositoryError> {
        let branch = branch_of(identity);
        let reference = format!("refs/heads/{branch}");
        // One that has no commit yet can be checked out too.
        let head = self
            .git
            .run(call(&self.folder, &["symbolic-ref", "-q", "HEAD"]))
            .await;
        if head.is_ok_and(|head| head.trim_ascii() == reference.as_bytes()) {
            let at = self.folder.display().to_string();
            return Err(RepositoryError::CheckedOut { branch, at });
        }
        let Some(line) = self.look(&reference, "%(symref)%00%(worktreepath)").await? else {
            return Ok(());
        };
        match line.split_once('\0') {
            Some(("", "")) => Ok(()),
            Some(("", at)) => {
                let at = untrusted::line(at);
                Err(RepositoryError::CheckedOut { branch, at })
            }
            _ => Err(RepositoryError::Symbolic { branch }),
        }
    }

    /// Returns what its branches, remote branches and tags are at.
    pub(super) async fn tips(&self) -> Result<BTreeSet<String>, RepositoryError> {
        let arguments = [
            "for-each-ref",
            "--format=%(objectname) %(*objectname)",
            "refs/heads",
            "refs/remotes",
            "refs/tags",
        ];
        let listed = self.git.run(call(&self.folder, &arguments)).await?;
        let listed = String::from_utf8_lossy(&listed);
        let objects = listed.split_ascii_whitespace().filter(|object| is_object(object));
        Ok(objects.map(str::to_owned).collect())
    }

    /// Returns what the bottle's branch is at, when there is one.
    pub(super) async fn branch(&self, identity: &Identity) -> Result<Option<String>, RepositoryError> {
        let reference = format!("refs/heads/{}", branch_of(identity));
        let found = self.look(&reference, "%(objectname)").await?;
        Ok(found.filter(|object| is_object(object)))
    }

    /// Takes objects that were checked.
    pub(super) async fn take(&self, pack: File) -> Result<(), RepositoryError> {
        let take = call(&self.folder, &["index-pack", "--stdin"]);
        self.git.run(take.reading(Input::File(pack))).await?;
        Ok(())
    }

    /// Moves the bottle's branch, when it is still where it was seen.
    pub(super) async fn set(
        &self,
        identity: &Identity,
        tip: &str,
        earlier: Option<&str>,
    ) -> Result<(), RepositoryError> {
        self.check(identity).await?;
        let reference = format!("refs/heads/{}", branch_of(identity));
        let absent = "0".repeat(tip.len());
        let earlier = earlier.unwrap_or(&absent);
        let set = [
            "update-ref",
            "--no-deref",
            "-m",
            "bottle pull",
            &reference,
            tip,
            earlier,
        ];
        self.git.run(call(&self.folder, &set)).await?;
        Ok(())
    }

    /// Says that the branch would lose commits.
    pub(super) fn moved_on(&self, identity: &Identity) -> RepositoryError {
        let branch = branch_of(identity);
        RepositoryError::MovedOn { branch }
    }

    /// Asks about one reference; nothing when it is not there.
    async fn look(&self, reference: &str, format: &str) -> Result<Option<String>, RepositoryError> {
        let format = format!("--format=%(refname)%00{format}");
        let listed = self
            .git
            .run(call(&self.folder, &["for-each-ref", &format, reference]))
            .await?;
        let listed = String::from_utf8_lossy(&listed);
        // Those below a reference are listed too.
        let mut lines = listed.lines().filter_map(|line| line.split_once('\0'));
        let found = lines.find(|(name, _)| *name == reference);
        Ok(found.map(|(_, rest)| rest.to_owned()))
    }
}

/// Returns the branch that a bottle's commits are brought to.
pub(super) fn branch_of(identity: &Identity) -> String {
    format!("bottle/{identity}")
}

/// Hooks can be programs that a configuration names; each is switched off by its name.
async fn without_hooks(git: &Git, folder: &Path) -> Result<Vec<(OsString, &'static str)>, GitError> {
    let list = git
        .run(call(folder, &["config", "--list", "--name-only", "-z"]))
        .await?;
    let names: BTreeSet<&[u8]> = list
        .split(|byte| *byte == 0)
        .filter(|name| name.starts_with(b"hook."))
        .filter_map(|name| {
            name.iter()
                .rposition(|byte| *byte == b'.')
                .and_then(|dot| name.get(..dot))
        })
        .filter(|section| *section != b"hook")
        .collect();
    let off = |section: &[u8]| {
        let mut name = OsString::from_vec(section.to_vec());
        name.push(".enabled");
        (name, "false")
    };
    Ok(names.into_iter().map(off).collect())
}

/// Reads a list of objects; what is none of git's own is taken for no list.
fn shallow_list(path: &Path) -> Option<String> {
    let text = files::read_bounded(path, MOST_SHALLOW).ok()?;
    let text = String::from_utf8(text).ok()?;
    (!text.is_empty() && text.lines().all(is_object)).then_some(text)
}

/// Reads a path that git prints.
fn path(mut printed: Vec<u8>) -> PathBuf {
    if printed.ends_with(b"\n") {
        printed.pop();
    }
    PathBuf::from(OsString::from_vec(printed))
}
