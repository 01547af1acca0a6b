//! Which versions are taken.

use std::fmt;
use std::str::FromStr;

use super::CallError;

/// A version of smolvm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// The oldest that is taken: the first whose sockets, users and lists were tried.
    pub const OLDEST: Self = Self {
        major: 1,
        minor: 32,
        patch: 0,
    };

    /// Refuses one that is too old.
    ///
    /// # Errors
    ///
    /// When it is.
    pub fn check(self) -> Result<Self, CallError> {
        match self >= Self::OLDEST {
            true => Ok(self),
            false => Err(CallError::TooOld { found: self }),
        }
    }
}

impl FromStr for Version {
    type Err = ();

    /// Reads `smolvm 1.32.2`. What follows a further `-` or `+` is left to its makers.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_prefix("smolvm ").ok_or(())?;
        let number = number.split(['-', '+']).next().unwrap_or_default();
        let mut parts = number.split('.').map(|part| part.parse::<u32>().map_err(drop));
        let mut next = || parts.next().ok_or(())?;
        let version = Self {
            major: next()?,
            minor: next()?,
            patch: next()?,
        };
        match parts.next() {
            None => Ok(version),
            Some(_) => Err(()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
