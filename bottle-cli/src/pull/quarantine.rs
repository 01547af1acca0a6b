//! A new repository that knows no other one, in which a guest's objects are checked before any other has them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::bundle::{self, is_object};
use super::git::{Call, Git, Input, call};
use super::place::Place;
use super::{BundleError, PullError};
use crate::state::StateError;

/// A commit and all that it leads to, checked.
pub(super) struct Quarantine<'a> {
    git: &'a Git,
    folder: PathBuf,
    tip: String,
}

/// Checks that old repositories fail and that no forge makes: none of them is a danger.
const CHECKS: &str = "--strict=badTimezone=ignore,missingSpaceBeforeDate=ignore,zeroPaddedFilemode=ignore";

impl<'a> Quarantine<'a> {
    /// Takes the objects of a bundle. `shallow` names the commits at which the history ends that the workspace got.
    pub(super) async fn make(
        git: &'a Git,
        place: &Place,
        mut bundle: File,
        wanted: &str,
        shallow: Option<&str>,
    ) -> Result<Self, PullError> {
        let header = bundle::read(BufReader::new(&bundle), wanted)?;
        bundle
            .seek(SeekFrom::Start(header.length))
            .map_err(BundleError::from)?;
        let held = Self {
            git,
            folder: place.path().join("quarantine"),
            tip: header.tip,
        };
        held.init(header.format, shallow).await?;
        let taken = held.run(&["index-pack", CHECKS, "--stdin"], Input::File(bundle));
        taken.await.map_err(PullError::Rejected)?;
        held.check_tip().await?;
        Ok(held)
    }

    /// Returns the commit.
    pub(super) fn tip(&self) -> &str {
        &self.tip
    }

    /// Returns those of these objects that are commits of its history.
    pub(super) async fn commits_among(&self, objects: &BTreeSet<String>) -> Result<Vec<String>, PullError> {
        let mut text = String::new();
        for object in objects {
            text.push_str(object);
            text.push('\n');
        }
        let arguments = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
        let found = self.run(&arguments, Input::Text(text)).await?;
        let found = String::from_utf8_lossy(&found);
        let commits = found.lines().filter_map(|line| line.strip_suffix(" commit"));
        Ok(commits.map(str::to_owned).collect())
    }

    /// Counts the commits that none of these leads to.
    pub(super) async fn count_without(&self, had: &[String]) -> Result<u64, PullError> {
        let arguments = ["rev-list", "--count", "--stdin"];
        let count = self.run(&arguments, Input::Text(self.range(had))).await?;
        let count = String::from_utf8_lossy(&count);
        Ok(count.trim().parse().unwrap_or_default())
    }

    /// Tells whether the commit goes on from an earlier one.
    pub(super) async fn is_ancestor(&self, earlier: &str) -> Result<bool, PullError> {
        let known = self.commits_among(&BTreeSet::from([earlier.to_owned()])).await?;
        if known.is_empty() {
            return Ok(false);
        }
        // What the earlier one leads to and the tip does not.
        let text = format!("{earlier}\n^{}\n", self.tip);
        let arguments = ["rev-list", "--max-count=1", "--stdin"];
        Ok(self.run(&arguments, Input::Text(text)).await?.is_empty())
    }

    /// Packs what somebody who has these commits lacks, whole: nothing in it builds on objects that are not in it.
    pub(super) async fn pack_without(&self, had: &[String], place: &Place) -> Result<File, PullError> {
        let mut file = place.file("pack")?;
        let written = file.try_clone().map_err(BundleError::from)?;
        let call = Call {
            output: Some(written),
            ..call(
                &self.folder,
                &["pack-objects", "--revs", "--stdout", "--delta-base-offset", "-q"],
            )
        };
        self.git.run(call.reading(Input::Text(self.range(had)))).await?;
        file.rewind().map_err(BundleError::from)?;
        Ok(file)
    }

    async fn init(&self, format: &str, shallow: Option<&str>) -> Result<(), PullError> {
        let format = format!("--object-format={format}");
        let mut init = call(
            &self.folder,
            &[
                "init",
                "--quiet",
                "--bare",
                "--template=",
                "--initial-branch=none",
                &format,
            ],
        );
        init.arguments.push(self.folder.clone().into());
        init.folder = None;
        self.git.run(init).await?;
        if let Some(shallow) = shallow {
            let path = self.folder.join("shallow");
            std::fs::write(&path, shallow).map_err(|source| StateError::Io {
                action: "write",
                path,
                source,
            })?;
        }
        Ok(())
    }

    /// The tip must be a commit, and everything that it leads to must be here.
    async fn check_tip(&self) -> Result<(), PullError> {
        let commits = self.commits_among(&BTreeSet::from([self.tip.clone()])).await?;
        if commits != [self.tip.as_str()] {
            return Err(BundleError::Malformed("what was asked for is no commit").into());
        }
        let arguments = ["rev-list", "--objects", "--quiet", "--stdin"];
        let walked = self.run(&arguments, Input::Text(self.range(&[]))).await;
        walked.map(drop).map_err(PullError::Rejected)
    }

    fn range(&self, had: &[String]) -> String {
        debug_assert!(is_object(&self.tip), "only names of objects are handed on");
        let mut text = format!("{}\n", self.tip);
        for commit in had {
            text.push('^');
            text.push_str(commit);
            text.push('\n');
        }
        text
    }

    async fn run(&self, arguments: &[&str], input: Input) -> Result<Vec<u8>, super::GitError> {
        let folder: &Path = &self.folder;
        self.git.run(call(folder, arguments).reading(input)).await
    }
}
