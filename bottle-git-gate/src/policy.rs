//! What a repository's pushes may do.

use bottle_plan::git::{CiFiles, GitAllow, GitRepo};
use bottle_plan::names::Identity;
use bottle_wire::git_gate::AcceptedFinding;

/// What a repository's pushes may do.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Patterns of branches, below `refs/heads/`.
    pub branches: Vec<Pattern>,
    /// What is allowed beyond adding commits.
    pub allow: GitAllow,
    /// Push options that are sent on.
    pub push_options: Vec<String>,
    /// What a change of CI files does.
    pub ci_files: CiFiles,
    /// Findings that the bottle's owner has accepted.
    pub accepted: Vec<AcceptedFinding>,
}

/// Text in which `*` stands for any characters; compared byte by byte, case and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Policy {
    /// Allows the bottle's own branches and nothing else.
    #[must_use]
    pub fn own_branches(identity: &Identity) -> Self {
        Self {
            branches: vec![Pattern(format!("bottle/{identity}/*"))],
            allow: GitAllow::default(),
            push_options: Vec::new(),
            ci_files: CiFiles::default(),
            accepted: Vec::new(),
        }
    }

    /// Allows what the plan says of a repository.
    #[must_use]
    pub fn of(repo: &GitRepo, accepted: &[AcceptedFinding], identity: &Identity) -> Self {
        let own = Self::own_branches(identity);
        Self {
            branches: match repo.branches.is_empty() {
                true => own.branches,
                false => repo.branches.iter().cloned().map(Pattern).collect(),
            },
            allow: repo.allow,
            push_options: repo.push_options.clone(),
            ci_files: repo.ci_files,
            accepted: accepted.to_vec(),
        }
    }

    /// Tells whether a branch, named below `refs/heads/`, is one of those.
    #[must_use]
    pub fn allows_branch(&self, name: &str) -> bool {
        self.branches.iter().any(|pattern| pattern.matches(name))
    }

    /// Tells whether the owner has accepted a rule's findings in a file.
    #[must_use]
    pub fn accepts(&self, rule: &str, file: &str) -> bool {
        let accepts = |one: &AcceptedFinding| one.rule == rule && matches(&one.file, file);
        self.accepted.iter().any(accepts)
    }

    /// Returns the branches that may be pushed, for people.
    #[must_use]
    pub fn shown_branches(&self) -> String {
        let names: Vec<&str> = self.branches.iter().map(|pattern| pattern.0.as_str()).collect();
        names.join(", ")
    }
}

impl Pattern {
    /// Tells whether it describes a text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        matches(&self.0, text)
    }
}

/// The parts between asterisks, each at its first place after the one before: linear, whatever the pattern.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match text.split_once(part) {
            Some((_, behind)) => text = behind,
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn an_asterisk_stands_for_any_characters() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("a/*", "a/b/c"),
            ("*x*y", "1x2y"),
            ("a*a", "aa"),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "A"),
            ("a/*", "a"),
            ("a*a", "a"),
            ("*x*y", "y"),
            ("a/*", "b/a/"),
            ("feature/*", "Feature/x"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
