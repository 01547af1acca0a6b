//! A Dockerfile is its user's, never the agent's.

use std::path::{Path, PathBuf};

use bottle_plan::image::BuildContext;
use thiserror::Error;

/// Why a Dockerfile cannot be used with a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file} lies inside the workspace {workspace}", file = .file.display(), workspace = .workspace.display())]
pub struct DockerfileError {
    /// The Dockerfile, or a file that it copies.
    pub file: PathBuf,
    /// The workspace.
    pub workspace: PathBuf,
}

impl DockerfileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(
            "what an agent can write must not decide how its image is built: move the file beside the bottle's own",
        )
    }
}

/// Refuses a Dockerfile, and any file that it copies, that lies in a workspace: as written, or where its links
/// lead.
///
/// # Errors
/// [`DockerfileError`] with the first such file.
pub fn check_dockerfile(context: &BuildContext, workspace: &Path) -> Result<(), DockerfileError> {
    let folder = context.dockerfile.parent().unwrap_or(Path::new("/"));
    let files = context.files.iter().map(|file| folder.join(file));
    let real_workspace = real(workspace);
    for file in std::iter::once(context.dockerfile.clone()).chain(files) {
        let inside = |path: &Path| path.starts_with(workspace) || path.starts_with(&real_workspace);
        // A folder on the way may be a link that itself lies in the workspace.
        let by_folder = file.ancestors().skip(1).any(|folder| inside(&real(folder)));
        if inside(&file) || inside(&real(&file)) || by_folder {
            return Err(DockerfileError {
                file,
                workspace: workspace.to_owned(),
            });
        }
    }
    Ok(())
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn check(dockerfile: &Path, files: &[&str], workspace: &Path) -> bool {
        let files = files.iter().map(PathBuf::from).collect();
        check_dockerfile(
            &BuildContext {
                dockerfile: dockerfile.to_owned(),
                files,
            },
            workspace,
        )
        .is_ok()
    }

    #[test]
    fn dockerfile_in_workspace_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for folder in ["work/sub", "own/sub", "workshop"] {
            fs::create_dir_all(path(folder)).unwrap();
        }
        for file in [
            "work/Dockerfile",
            "own/Dockerfile",
            "own/sub/tool",
            "workshop/Dockerfile",
        ] {
            fs::write(path(file), "FROM scratch").unwrap();
        }
        symlink(path("work/Dockerfile"), path("own/linked")).unwrap();
        symlink(path("own/Dockerfile"), path("work/outward")).unwrap();
        symlink(path("work/sub"), path("own/linked-folder")).unwrap();
        symlink(path("work"), path("alias")).unwrap();

        assert!(check(&path("own/Dockerfile"), &["sub/tool"], &path("work")));
        assert!(check(&path("workshop/Dockerfile"), &[], &path("work")));
        assert!(!check(&path("work/Dockerfile"), &[], &path("work")));
        assert!(!check(&path("work/Dockerfile"), &[], &path("alias")));
        assert!(!check(&path("alias/Dockerfile"), &[], &path("work")));
        assert!(!check(&path("own/linked"), &[], &path("work")));
        assert!(!check(&path("work/outward"), &[], &path("work")));
        assert!(!check(&path("own/Dockerfile"), &["linked"], &path("work")));
        assert!(!check(
            &path("own/Dockerfile"),
            &["linked-folder/none"],
            &path("work")
        ));
        assert!(!check(&path("work/not-there-yet"), &[], &path("work")));
    }
}
