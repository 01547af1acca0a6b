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
    let in_folder = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    FILES.contains(&name) || FOLDERS.iter().any(|folder| in_folder(folder)) || is_folder_itself(&path)
}

/// A link or a submodule in the place of such a folder.
fn is_folder_itself(path: &str) -> bool {
    let whole = format!("{path}/");
    FOLDERS.iter().any(|folder| folder.starts_with(&whole))
}

#[cfg(test)]
mod tests {
    use super::is_ci_file;

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
            assert!(is_ci_file(path), "{path}");
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
