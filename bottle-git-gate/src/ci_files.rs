//! Files that make a forge or a developer's machine run something.

/// Folders all of whose files count, in lower case.
const FOLDERS: &[&str] = &[
    ".github/workflows/",
    ".github/actions/",
    ".gitlab/",
    ".gitea/workflows/",
    ".gitea/actions/",
    ".forgejo/workflows/",
    ".forgejo/actions/",
    ".circleci/",
    ".buildkite/",
    ".teamcity/",
    ".semaphore/",
    ".woodpecker/",
    ".drone/",
    ".azure-pipelines/",
    ".tekton/",
    ".harness/",
    ".husky/",
    ".githooks/",
    ".git-hooks/",
    ".hooks/",
    ".lefthook/",
];

/// Files at any depth, in lower case, by their last part.
const FILES: &[&str] = &[
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    "jenkinsfile",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    ".travis.yml",
    ".travis.yaml",
    "bitbucket-pipelines.yml",
    ".drone.yml",
    ".drone.yaml",
    ".woodpecker.yml",
    ".woodpecker.yaml",
    "appveyor.yml",
    ".appveyor.yml",
    ".cirrus.yml",
    ".cirrus.star",
    "cloudbuild.yaml",
    "cloudbuild.yml",
    "buildspec.yml",
    "buildspec.yaml",
    "codemagic.yaml",
    "bitrise.yml",
    "wercker.yml",
    ".pre-commit-config.yaml",
    ".pre-commit-config.yml",
    ".pre-commit-hooks.yaml",
    "lefthook.yml",
    "lefthook.yaml",
    ".lefthook.yml",
    ".lefthook.yaml",
    ".lintstagedrc",
    ".builds.yml",
    ".build.yml",
    ".screwdriver.yaml",
    "screwdriver.yaml",
];

/// Tells whether a path is one of them. Case does not count: an upstream's file system may not know it either.
pub(crate) fn is_ci_file(path: &str) -> bool {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    // Each of the folders begins with a dot, which few parts of a path do.
    let mut parts = path.match_indices('.').filter(|(at, _)| {
        let before = at.checked_sub(1).and_then(|before| path.as_bytes().get(before));
        before.is_none_or(|before| *before == b'/')
    });
    let in_folder = |(at, _): (usize, &str)| {
        let rest = path.get(at..).unwrap_or_default();
        FOLDERS.iter().any(|folder| rest.starts_with(folder))
    };
    FILES.contains(&name) || parts.any(in_folder) || is_folder_itself(&path)
}

/// A quick look that most paths do not pass: each of those names has a dot in it, but for one.
pub(crate) fn may_be_ci_file(path: &[u8]) -> bool {
    const PLAIN: &[u8] = b"jenkinsfile";
    let end = path.len().saturating_sub(PLAIN.len());
    path.contains(&b'.') || path.get(end..).is_some_and(|end| end.eq_ignore_ascii_case(PLAIN))
}

/// A link or a submodule in the place of such a folder.
fn is_folder_itself(path: &str) -> bool {
    let is_before = |rest: &str| rest.starts_with('/');
    FOLDERS
        .iter()
        .any(|folder| folder.strip_prefix(path).is_some_and(is_before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_forge_runs_counts() {
        for path in [
            ".github/workflows/a.yml",
            ".GitHub/Workflows/A.yml",
            "sub/.gitlab-ci.yml",
            "Jenkinsfile",
            ".husky/pre-commit",
            "a/.circleci/config.yml",
            ".github",
            ".github/workflows",
        ] {
            assert!(is_ci_file(path) && may_be_ci_file(path.as_bytes()), "{path}");
        }
        for path in FILES.iter().chain(FOLDERS) {
            assert!(may_be_ci_file(path.as_bytes()), "{path}");
        }
        for path in [
            "src/main.rs",
            ".github/CODEOWNERS",
            "docs/Jenkinsfile.md",
            "github/workflows/a.yml",
        ] {
            assert!(!is_ci_file(path), "{path}");
        }
    }
}
