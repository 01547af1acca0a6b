//! The host's own folder as the working folder.
//!
//! What programs of the host's act upon without being asked is covered, whether it is there or not: editors' settings,
//! environments, hooks. The repository is a copy of the agent's own, so that no hook or setting of the agent's is ever
//! run on the host. A cover needs a place to lie on, which is made where there is none and taken away at the end.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use bollard::models::{
    Mount, MountBindOptions, MountBindOptionsPropagationEnum, MountTmpfsOptions, MountType,
};
use bottle_backend::workspace::{COVERED, REPOSITORY, is_cover};
use bottle_backend::{LaunchError, Owner};

use super::Workspace;
use crate::labels::{self, Part};
use crate::names::Names;
use crate::spec::volume;

/// What lies where a cover goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Folder,
    File,
    /// Nothing did, and an empty folder does now.
    Made,
}

/// Returns the folder, its covers and the agent's own repository.
pub(super) fn plan(host: &Path, at: &str, owner: &Owner, names: &Names) -> Result<Workspace, LaunchError> {
    let real = host.canonicalize().map_err(|error| failed(host, error))?;
    let mut mounts = vec![bind(&real, at, false)];
    let mut made = Vec::new();
    for name in COVERED.into_iter().chain([REPOSITORY]) {
        let path = real.join(name);
        let place = place(&path)?;
        if place == Place::Made {
            made.push(name);
        }
        let target = format!("{at}/{name}");
        mounts.push(match (place, name) {
            (Place::File, _) => bind(Path::new("/dev/null"), &target, true),
            (_, REPOSITORY) => volume(&names.repository, &target, false, owner, Part::Repository),
            _ => empty(target),
        });
    }
    let labels = labels::of_mounted(&real, &made);
    Ok(Workspace { mounts, labels })
}

/// Takes away what was made for covers to lie on, where it is still empty.
pub(crate) fn clear(labels: &HashMap<String, String>) {
    let Some((folder, made)) = labels::read_mounted(labels) else {
        return;
    };
    for name in made.into_iter().filter(|name| is_cover(name)) {
        // What is not empty is somebody's.
        let _ = std::fs::remove_dir(folder.join(name));
    }
}

fn place(path: &Path) -> Result<Place, LaunchError> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(Place::Folder),
        Ok(meta) if meta.is_file() => Ok(Place::File),
        // The guest could turn a link around while it is covered.
        Ok(_) => Err(LaunchError::Unsupported {
            what: "a mounted workspace",
            reason: format!("{} is a link and cannot be covered", path.display()),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::create_dir(path).map_err(|error| failed(path, error))?;
            Ok(Place::Made)
        }
        Err(error) => Err(failed(path, error)),
    }
}

fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_string_lossy().into_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        bind_options: Some(MountBindOptions {
            propagation: Some(MountBindOptionsPropagationEnum::RPRIVATE),
            // What is mounted inside of it is not part of the project.
            non_recursive: Some(true),
            ..MountBindOptions::default()
        }),
        ..Mount::default()
    }
}

fn empty(target: String) -> Mount {
    Mount {
        target: Some(target),
        typ: Some(MountType::TMPFS),
        read_only: Some(true),
        tmpfs_options: Some(MountTmpfsOptions {
            size_bytes: Some(4096),
            mode: Some(0o555),
            ..MountTmpfsOptions::default()
        }),
        ..Mount::default()
    }
}

fn failed(path: &Path, source: io::Error) -> LaunchError {
    LaunchError::Step {
        step: "cover parts of the workspace",
        source: bottle_backend::CopyError::Host {
            path: PathBuf::from(path),
            source,
        }
        .into(),
    }
}
