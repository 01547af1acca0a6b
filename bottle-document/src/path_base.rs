//! Host paths as people write them in files.

use std::path::{Component, Path, PathBuf};

use thiserror::Error;

/// Where the paths of one file start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathBase {
    /// The folder of the file itself, absolute.
    pub folder: PathBuf,
    /// What `~/` stands for, absolute.
    pub home: PathBuf,
}

/// Why a text is no path; the texts are the rules that were broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PathError {
    /// Nothing at all.
    #[error("a path cannot be empty")]
    Empty,
    /// A control character, which no sane path holds and some programs read as an end.
    #[error("a path cannot hold control characters")]
    Control,
    /// `~name`.
    #[error("only `~/` is expanded, never another user's home")]
    OtherHome,
    /// `$NAME`.
    #[error("variables are not expanded in paths")]
    Variable,
}

impl PathBase {
    /// Makes a path absolute: from the file's folder, or from home after `~/`; `.` and `..` are resolved as text.
    ///
    /// # Errors
    /// [`PathError`] for what would otherwise be read differently by different programs.
    pub fn resolve(&self, text: &str) -> Result<PathBuf, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(PathError::Control);
        }
        if text.contains('$') {
            return Err(PathError::Variable);
        }
        let joined = match text.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => self.home.join(rest.trim_start_matches('/')),
            Some(_) => return Err(PathError::OtherHome),
            None => self.folder.join(text),
        };
        Ok(without_dots(&joined))
    }
}

fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
        plain
    })
}
