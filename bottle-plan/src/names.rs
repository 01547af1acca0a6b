//! Validated names: one way in each, so that a value of the type is proof of its grammar.

use serde::{Deserialize, Serialize};

use crate::egress::RouteOwner;

/// Says why a text is not the name that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?} is not allowed: {rule}")]
pub struct NameError {
    kind: &'static str,
    text: String,
    rule: &'static str,
}

impl NameError {
    /// Returns the grammar that the text broke, in words.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        self.rule
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $valid:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if $valid(text) {
                    return Ok(Self(text.to_owned()));
                }
                let text = text.chars().take(80).collect();
                Err(NameError { kind: $kind, text, rule: $rule })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// The name of an agent, bottle, provider or skill: the stem of its file or folder.
    Name,
    "name",
    "lower-case letters, digits and '-', starting with a letter, at most 64 characters",
    is_name
);
name_type!(
    /// The identity of one running bottle, `<agent>-<5 base36>` or derived from the user's label.
    ///
    /// It becomes part of container, volume and branch names.
    Identity,
    "identity",
    "lower-case letters, digits and '-', starting with a letter or digit, at most 40 characters",
    is_identity
);
name_type!(
    /// The user's own name for a bottle, as typed.
    Label,
    "label",
    "printable characters, at most 64 bytes, with at least one ASCII letter or digit",
    is_label
);
name_type!(
    /// The name of an environment variable.
    EnvName,
    "environment variable name",
    "letters, digits and '_', not starting with a digit, at most 128 characters",
    is_env_name
);
name_type!(
    /// The name of a repository behind the git gate.
    RepoName,
    "repository name",
    "letters, digits, '.', '_' and '-', neither '.' nor '..', at most 100 characters",
    is_repo_name
);
name_type!(
    /// A place for a credential: routes name the slot, and only the boot frame maps a slot to a value.
    TokenSlot,
    "token slot",
    "lower-case letters, digits and '-', starting with a letter, at most 64 characters",
    is_name
);

impl Name {
    /// Takes a name that is written in source code; a malformed one is a mistake that debug builds find.
    #[must_use]
    pub fn from_static(name: &'static str) -> Self {
        debug_assert!(is_name(name), "{name:?} is not a name");
        Self(name.to_owned())
    }
}

impl Label {
    /// Derives the identity that the label stands for: lower case, every other run of characters one `-`.
    ///
    /// # Errors
    ///
    /// When nothing usable is left, which a valid label rules out.
    pub fn identity(&self) -> Result<Identity, NameError> {
        let mut slug = String::new();
        for c in self.0.chars().map(|c| c.to_ascii_lowercase()) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(40);
        slug.trim_end_matches('-').parse()
    }
}

impl TokenSlot {
    /// Names the n-th credential of one owner's routes; the names of two owners never meet.
    #[must_use]
    pub fn numbered(owner: RouteOwner, number: usize) -> Self {
        let prefix = match owner {
            RouteOwner::Manifest => "bottle",
            RouteOwner::Provider => "provider",
        };
        Self(format!("{prefix}-token-{number}"))
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_identity(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_label(text: &str) -> bool {
    text.len() <= 64
        && text.bytes().any(|b| b.is_ascii_alphanumeric())
        && text.chars().all(|c| !c.is_control() && !is_invisible(c))
}

/// Tells whether a character changes how text around it looks without showing itself.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_env_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_repo_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text != "."
        && text != ".."
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: std::str::FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?} should be allowed");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?} should be refused");
        }
    }

    #[test]
    fn names_are_file_stems_and_nothing_else() {
        check::<Name>(
            &["claude", "a", "my-agent2"],
            &["", "2a", "-a", "A", "a_b", "a.b", "../a", "a/b", "a\n", "ä"],
        );
    }

    #[test]
    fn identities_fit_object_names() {
        let longest = "a".repeat(40);
        check::<Identity>(
            &["demo-0a1b2", "1", &longest],
            &["", "-a", "A", &"a".repeat(41), "a b", "a/b"],
        );
    }

    #[test]
    fn labels_show_what_they_are() {
        check::<Label>(
            &["Fix the Bug #7", "é1"],
            &["", "---", "a\u{1b}[31m", "a\u{202e}b", &"a".repeat(65)],
        );
    }

    #[test]
    fn a_label_becomes_an_identity() {
        let label: Label = "  Fix: the BUG #7 ".parse().unwrap();
        assert_eq!(label.identity().unwrap().as_str(), "fix-the-bug-7");
    }

    #[test]
    fn every_label_has_an_identity() {
        proptest::proptest!(|(text in "\\PC{1,64}")| {
            if let Ok(label) = text.parse::<Label>() {
                proptest::prop_assert!(label.identity().is_ok(), "{label:?}");
            }
        });
    }

    #[test]
    fn numbered_slots_are_slots() {
        let slot = TokenSlot::numbered(RouteOwner::Manifest, usize::MAX);
        assert_eq!(slot.as_str().parse::<TokenSlot>().as_ref(), Ok(&slot));
        assert_ne!(
            TokenSlot::numbered(RouteOwner::Provider, 1),
            TokenSlot::numbered(RouteOwner::Manifest, 1)
        );
    }

    #[test]
    fn environment_names_are_portable() {
        check::<EnvName>(&["A", "_x", "A1_b"], &["", "1A", "A-B", "A=B", "A B", "Ä"]);
    }

    #[test]
    fn repository_names_stay_in_their_folder() {
        check::<RepoName>(&["app", "a.git", "A_b-c"], &["", ".", "..", "a/b", "a b"]);
    }
}
