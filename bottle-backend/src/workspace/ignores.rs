//! What version control ignores (gitignore(5)), read so that no file of a repository can hold the reader up.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::walk::failed;
use crate::CopyError;
use crate::files::Folder;

const NAME: &str = ".gitignore";
/// The most bytes of one file of patterns.
const MOST_OF_ONE: u64 = 256 << 10;
/// The most bytes of all files of patterns of one copy.
const MOST_OF_ALL: u64 = 16 << 20;

/// The patterns that hold in the folder that is walked.
#[derive(Debug)]
pub(super) struct Ignores {
    /// Later ones win.
    rules: Vec<Gitignore>,
    left: u64,
    /// What looks like a file of patterns and is none.
    pub(super) notes: Vec<String>,
}

impl Ignores {
    /// Reads what holds in a folder from outside of it: the user's own patterns, and those of the repository that it is
    /// part of.
    pub(super) fn of(folder: &Path, own: &[PathBuf]) -> Result<Self, CopyError> {
        let mut ignores = Self {
            rules: Vec::new(),
            left: MOST_OF_ALL,
            notes: Vec::new(),
        };
        let top = folder.ancestors().find(|above| above.join(".git").exists());
        for path in own {
            // The user's own file may be a link, and patterns with a slash are those of the repository's top.
            let file = match path.is_file() {
                true => Some(File::open(path).map_err(|source| failed(path, source))?),
                false => None,
            };
            ignores.add(top.unwrap_or(folder), path, file)?;
        }
        let Some(top) = top else { return Ok(ignores) };
        ignores.exclude(top)?;
        let mut above: Vec<_> = folder
            .ancestors()
            .skip(1)
            .take_while(|above| above.starts_with(top))
            .collect();
        above.reverse();
        for above in above {
            let opened = Folder::open(above).map_err(|source| failed(above, source))?;
            ignores.enter(&opened, above)?;
        }
        Ok(ignores)
    }

    /// Adds the patterns of a folder that is entered.
    pub(super) fn enter(&mut self, folder: &Folder, at: &Path) -> Result<(), CopyError> {
        let path = at.join(NAME);
        let file = match folder.read(OsStr::new(NAME)) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                // Git does not follow links there either.
                self.notes
                    .push(format!("{} was not read: {error}", path.display()));
                None
            }
        };
        self.add(at, &path, file)
    }

    /// Takes the patterns of the folder that was entered last away.
    pub(super) fn leave(&mut self) {
        self.rules.pop();
    }

    /// Tells whether a path is ignored, in a folder that is not.
    pub(super) fn ignore(&self, path: &Path, is_folder: bool) -> bool {
        for rules in self.rules.iter().rev() {
            match rules.matched(path, is_folder) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    fn exclude(&mut self, top: &Path) -> Result<(), CopyError> {
        let info = Folder::open(top)
            .and_then(|top| top.enter(OsStr::new(".git")))
            .and_then(|git| git.enter(OsStr::new("info")));
        let file = info.and_then(|info| info.read(OsStr::new("exclude"))).ok();
        self.add(top, &top.join(".git/info/exclude"), file)
    }

    fn add(&mut self, root: &Path, path: &Path, file: Option<File>) -> Result<(), CopyError> {
        let mut builder = GitignoreBuilder::new(root);
        if let Some(file) = file {
            let text = self.read(path, file)?;
            for line in String::from_utf8_lossy(&text).lines() {
                // What is no pattern ignores nothing, as with git.
                let _ = builder.add_line(None, line);
            }
        }
        let rules = builder.build().map_err(io::Error::other);
        self.rules.push(rules.map_err(|source| failed(path, source))?);
        Ok(())
    }

    fn read(&mut self, path: &Path, file: File) -> Result<Vec<u8>, CopyError> {
        let mut text = Vec::new();
        let most = self.left.min(MOST_OF_ONE);
        let read = file.take(most + 1).read_to_end(&mut text);
        let read = read.map_err(|source| failed(path, source))? as u64;
        self.left = self
            .left
            .checked_sub(read)
            .filter(|_| read <= most)
            .ok_or_else(|| CopyError::TooMuch {
                at: path.to_owned(),
                most: "256 KiB of patterns in a file, 16 MiB in all",
            })?;
        Ok(text)
    }
}
