//! The host's own folder as the working folder: what of it is mounted, and what is covered.

use std::path::Path;

use bottle_backend::workspace::{COVERED, REPOSITORY, has_repository};
use bottle_guest::Mount;
use bottle_host::Mounted;

/// Returns what is mounted: the folder, the agent's repository, and covers over the rest.
pub(crate) fn mounts(mounted: &Mounted, at: &str, repository: &Path) -> Vec<Mount> {
    let bind = |source: &Path, target: String| Mount::Bind {
        source: source.to_owned(),
        target,
        writable: true,
        devices: false,
    };
    let mut mounts = vec![bind(&mounted.folder, at.to_owned())];
    if has_repository(&mounted.folder) {
        mounts.push(bind(repository, format!("{at}/{REPOSITORY}")));
    } else {
        mounts.push(Mount::Cover {
            target: format!("{at}/{REPOSITORY}"),
        });
    }
    mounts.extend(COVERED.map(|name| Mount::Cover {
        target: format!("{at}/{name}"),
    }));
    mounts
}
