//! A secret value that cannot print itself.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret text. It has no `Display`, its `Debug` shows nothing, and its memory is wiped when it is dropped.
///
/// Copies that libraries make while they send it are beyond its reach.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    /// Returns the value: the one place to look for when asking who sees secrets.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Tells whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
