//! What the guest's own git is asked, and what is made of its answers: nobody vouches for any of them.

use std::fs::File;
use std::io::{self, Seek};
use std::time::Duration;

use bottle_backend::{AgentSession, Bottle, ExecCommand, ExecError};
use bottle_plan::paths::GuestPath;
use bottle_util::untrusted;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// A workspace, and the guest that it lies in.
pub(super) struct Guest<'a> {
    pub(super) bottle: &'a dyn Bottle,
    pub(super) workspace: GuestPath,
    /// The most bytes of a bundle.
    pub(super) most: u64,
}

/// What a workspace holds, by the guest's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// What is asked for: `HEAD`, or a branch in full.
    pub(super) reference: String,
    /// Changed and new files that are in no commit; none when they are too many to count.
    pub(super) uncommitted: Option<u64>,
    /// Branches with commits that are not on it, escaped.
    pub(super) others: Vec<String>,
}

/// Says why a guest gave no commits.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// Its git could not be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// It has no git.
    #[error("there is no git in the guest")]
    NoGit,
    /// Its workspace is no repository.
    #[error("the workspace is no git repository: {said}")]
    NoRepository {
        /// What the guest's git said.
        said: String,
    },
    /// Its workspace has a repository without commits.
    #[error("the workspace has no commits")]
    NoCommits,
    /// There can be no branch of that name.
    #[error("{0} is no name of a branch")]
    BranchName(String),
    /// Its git failed.
    #[error("the guest's git gave no commits of {reference}: {said}")]
    Failed {
        /// What was asked for.
        reference: String,
        /// What it said.
        said: String,
    },
    /// It gives more than is taken.
    #[error("the workspace's commits have more than {most} bytes")]
    TooMuch {
        /// The bound.
        most: u64,
    },
    /// It takes too long.
    #[error("the guest did not give its commits within {LIMIT:?}")]
    TimedOut,
    /// What it gives cannot be written down.
    #[error("cannot write the guest's commits down")]
    Write(#[source] io::Error),
}

impl GuestError {
    /// Returns what the user can do about it, when something special is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::BranchName(_) => Some("write it without refs/heads/".to_owned()),
            _ => None,
        }
    }
}

/// The most bytes of a bundle: 4 GiB.
pub(super) const MOST_BUNDLE: u64 = 4 << 30;
/// The most time that making one may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// The most bytes that are kept of what the guest's git complains of.
const MOST_SAID: usize = 2_000;
/// The most further branches that are kept.
const MOST_OTHERS: usize = 100;

impl Guest<'_> {
    /// Asks what there is.
    pub(super) async fn look(&self, branch: Option<&str>) -> Result<Found, GuestError> {
        let reference = reference(branch)?;
        let status = [
            "--no-optional-locks",
            "status",
            "--porcelain=v2",
            "--branch",
            "-z",
            "--untracked-files=normal",
        ];
        let status = match self.bottle.exec(&self.git(status)).await {
            Err(ExecError::TooMuchOutput { .. }) => Status {
                commits: true,
                uncommitted: None,
            },
            Err(error) => return Err(error.into()),
            Ok(done) => match done.status {
                0 => read_status(&done.stdout),
                126 | 127 => return Err(GuestError::NoGit),
                _ => {
                    let said = said(&done.stderr);
                    return Err(GuestError::NoRepository { said });
                }
            },
        };
        if branch.is_none() && !status.commits {
            return Err(GuestError::NoCommits);
        }
        let others = self.others(&reference).await;
        Ok(Found {
            reference,
            uncommitted: status.uncommitted,
            others,
        })
    }

    /// Has a bundle of all that a reference leads to written into a file, and returns the file from its beginning.
    pub(super) async fn bundle(&self, reference: &str, file: File) -> Result<File, GuestError> {
        let command = self.git(["bundle", "create", "-", reference]);
        let session = self.bottle.exec_agent(&command, None).await?;
        let mut file = tokio::fs::File::from_std(file);
        let made = tokio::time::timeout(LIMIT, take(session, &mut file, self.most)).await;
        let (status, said) = made.map_err(|_| GuestError::TimedOut)??;
        if status != 0 {
            let reference = reference.to_owned();
            return Err(GuestError::Failed { reference, said });
        }
        let mut file = file.into_std().await;
        file.rewind().map_err(GuestError::Write)?;
        Ok(file)
    }

    /// Names branches that hold more; nobody depends on it.
    async fn others(&self, reference: &str) -> Vec<String> {
        let command = self.git([
            "for-each-ref",
            "--format=%(refname)",
            "--no-merged",
            reference,
            "refs/heads",
        ]);
        let Ok(done) = self.bottle.exec(&command).await else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&done.stdout);
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("refs/heads/"))
            .take(MOST_OTHERS);
        names
            .map(|name| untrusted::line(&name.chars().take(200).collect::<String>()))
            .collect()
    }

    fn git<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> ExecCommand {
        let argv = ["git"].into_iter().chain(arguments);
        ExecCommand::agent(argv).in_directory(self.workspace.clone())
    }
}

/// Takes what a command prints, no more than may be, and how it ended.
async fn take(
    session: AgentSession,
    file: &mut tokio::fs::File,
    most: u64,
) -> Result<(i32, String), GuestError> {
    let AgentSession {
        output,
        errors,
        control,
        input: _input,
    } = session;
    let write = async {
        let mut output = output.take(most + 1);
        let taken = tokio::io::copy(&mut output, file).await;
        let flushed = file.flush().await;
        match taken.and_then(|taken| flushed.map(|()| taken)) {
            Ok(taken) if taken > most => Err(GuestError::TooMuch { most }),
            taken => taken.map_err(GuestError::Write),
        }
    };
    let listen = async {
        match errors {
            Some(errors) => Ok(beginning(errors).await),
            None => Ok(Vec::new()),
        }
    };
    let (_, complaint) = tokio::try_join!(write, listen)?;
    Ok((control.wait().await?, said(&complaint)))
}

/// Reads a stream to its end and keeps its beginning.
pub(super) async fn beginning(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let (mut kept, mut piece) = (Vec::new(), vec![0; 8 << 10]);
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        let room = MOST_SAID.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
    kept
}

/// Makes one line of a complaint.
pub(super) fn said(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MOST_SAID).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    match lines.is_empty() {
        true => "it said nothing".to_owned(),
        false => untrusted::line(&lines.join("; ")),
    }
}

fn reference(branch: Option<&str>) -> Result<String, GuestError> {
    let Some(branch) = branch else {
        return Ok("HEAD".to_owned());
    };
    // Git has more rules; these keep the name in its place.
    let odd = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let wrong = branch.is_empty() || branch.chars().any(odd) || branch.contains("..");
    match wrong || branch.starts_with("refs/") {
        true => Err(GuestError::BranchName(branch.to_owned())),
        false => Ok(format!("refs/heads/{branch}")),
    }
}

/// What `git status` says.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    commits: bool,
    uncommitted: Option<u64>,
}

/// Reads the second format of git-status(1), with NUL after each part.
fn read_status(output: &[u8]) -> Status {
    let mut parts = output.split(|byte| *byte == 0);
    let (mut commits, mut uncommitted) = (false, 0);
    while let Some(part) = parts.next() {
        match part {
            [b'#', rest @ ..] => {
                let oid = rest.strip_prefix(b" branch.oid ");
                commits |= oid.is_some_and(|oid| oid != b"(initial)");
            }
            [b'2', b' ', ..] => {
                // Where it was before.
                parts.next();
                uncommitted += 1;
            }
            [b'1' | b'u' | b'?', b' ', ..] => uncommitted += 1,
            _ => {}
        }
    }
    Status {
        commits,
        uncommitted: Some(uncommitted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_new_and_moved_files_are_counted() {
        let status = b"# branch.oid 1234\x00# branch.head main\x001 .M N... a\x002 R. N... b\x00before\x00? c\x00! d\x00";
        assert_eq!(
            read_status(status),
            Status {
                commits: true,
                uncommitted: Some(3)
            }
        );
        let none = b"# branch.oid (initial)\0# branch.head main\0? a\0";
        assert!(!read_status(none).commits);
    }

    #[test]
    fn a_branch_is_asked_for_by_its_full_name() {
        assert_eq!(reference(None).unwrap(), "HEAD");
        assert_eq!(reference(Some("a/b")).unwrap(), "refs/heads/a/b");
        for wrong in ["", "a b", "a..b", "a\n", "^a", "refs/heads/a", "a:b"] {
            assert!(reference(Some(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_complaint_is_one_line_without_control_sequences() {
        assert_eq!(
            said(b"fatal: \x1b[2Jno\n\nhint: x\n"),
            "fatal: \\u{1b}[2Jno; hint: x"
        );
        assert_eq!(said(b"\n"), "it said nothing");
    }
}
