//! Paths inside the guest.

use serde::{Deserialize, Serialize};

/// An absolute, normalised path inside the guest: no `.`, `..`, empty segment or control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestPath(String);

/// Says why a text is not a path inside the guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a guest path: absolute, without '.', '..', doubled slashes or control characters")]
pub struct GuestPathError(String);

impl GuestPath {
    /// Takes a path that is written in source code; a malformed one is a mistake that debug builds find.
    #[must_use]
    pub fn from_static(path: &'static str) -> Self {
        debug_assert!(path.parse::<Self>().is_ok(), "{path:?} is not a guest path");
        Self(path.to_owned())
    }

    /// Returns the path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends one or more segments.
    ///
    /// # Errors
    ///
    /// When `below` is empty, absolute or would climb out.
    pub fn join(&self, below: &str) -> Result<Self, GuestPathError> {
        let base = if self.0 == "/" { "" } else { &self.0 };
        format!("{base}/{below}").parse()
    }

    /// Returns the directory that holds the path; `/` is its own.
    #[must_use]
    pub fn parent(&self) -> Self {
        match self.0.rsplit_once('/') {
            Some(("", _)) | None => Self("/".to_owned()),
            Some((parent, _)) => Self(parent.to_owned()),
        }
    }

    /// Returns the last segment; empty for `/`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(_, name)| name)
    }
}

impl std::str::FromStr for GuestPath {
    type Err = GuestPathError;

    fn from_str(text: &str) -> Result<Self, GuestPathError> {
        let refused = || GuestPathError(text.chars().take(120).collect());
        let rest = text.strip_prefix('/').ok_or_else(refused)?;
        let segment = |s: &str| !s.is_empty() && s != "." && s != ".." && !s.chars().any(char::is_control);
        let fits = text.len() <= 1024 && (rest.is_empty() || rest.split('/').all(segment));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused())
        }
    }
}

impl TryFrom<String> for GuestPath {
    type Error = GuestPathError;

    fn try_from(text: String) -> Result<Self, GuestPathError> {
        text.parse()
    }
}

impl From<GuestPath> for String {
    fn from(path: GuestPath) -> Self {
        path.0
    }
}

impl std::fmt::Display for GuestPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_paths_do_not_climb() {
        for text in ["/", "/home/node", "/home/node/.claude.json", "/a b"] {
            assert!(text.parse::<GuestPath>().is_ok(), "{text}");
        }
        for text in ["", "a", "/a/", "/a//b", "/a/../b", "/./a", "//", "/a\nb", "/a\0"] {
            assert!(text.parse::<GuestPath>().is_err(), "{text}");
        }
        let home: GuestPath = "/home/node".parse().unwrap();
        assert!(home.join("../root").is_err());
        assert!(home.join("/etc").is_err());
        assert_eq!(home.join("a/b").unwrap().as_str(), "/home/node/a/b");
        assert_eq!(home.parent().as_str(), "/home");
    }
}
