//! Whether the working folder is still what was copied, by a note that no guest sees.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use bottle_backend::files::{Digest, DigestBuilder, tar_holds};
use bottle_backend::workspace::is_volatile;
use bottle_backend::{CopyError, LaunchError, PutFile};
use bottle_plan::paths::GuestPath;

use super::step;
use crate::copy;
use crate::engine::Engine;
use crate::labels::GuestFacts;

/// Where the sidecar's own volume keeps what the copied workspace was: no guest sees it.
const DIGEST: &str = "/events/workspace.digest";
/// The most time that a comparison may take. It reads no more than was copied.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// Compares what was copied with what is there now: the working folder, or the agent's own repository in one that is
/// the host's.
pub(crate) async fn changed(
    engine: &Engine,
    (agent, sidecar): (&str, &str),
    guest: &GuestFacts,
) -> Result<bool, CopyError> {
    let (at, skip): (_, fn(&Path) -> bool) = match guest.mounted {
        true => (
            guest_path(&format!("{}/.git", guest.workspace))?,
            is_volatile_in_repository,
        ),
        false => (guest.workspace.clone(), is_volatile),
    };
    let copied = recall(engine, sidecar).await?;
    let same = copy::download(engine, agent, &at, LIMIT, move |tar| {
        tar_holds(tar, &copied, skip)
    });
    Ok(!same.await?)
}

/// As [`is_volatile`], below `.git`.
pub(super) fn is_volatile_in_repository(path: &Path) -> bool {
    is_volatile(&Path::new(".git").join(path))
}

/// Writes down what was copied, where no guest sees it.
pub(crate) async fn remember(
    engine: &Engine,
    sidecar: &str,
    copied: Option<Digest>,
) -> Result<(), LaunchError> {
    let Some(copied) = copied else { return Ok(()) };
    let file = guest_path(DIGEST).map(|path| PutFile {
        path,
        mode: 0o600,
        content: Some(copied.to_string().into_bytes()),
    });
    let written = match file {
        Ok(file) => copy::put_at(engine, sidecar, file).await,
        Err(error) => Err(error),
    };
    written.map_err(step)
}

/// Reads what was written down; without a note nothing was copied.
async fn recall(engine: &Engine, sidecar: &str) -> Result<Digest, CopyError> {
    let file = guest_path(DIGEST)?;
    if !copy::is_there(engine, sidecar, &file).await? {
        return Ok(DigestBuilder::skipping(is_volatile).finish());
    }
    copy::download(engine, sidecar, &file, LIMIT, |tar| {
        let mut text = String::new();
        if let Some(entry) = tar::Archive::new(tar).entries()?.next() {
            entry?.take(1 << 10).read_to_string(&mut text)?;
        }
        text.parse().map_err(io::Error::other)
    })
    .await
}

fn guest_path(path: &str) -> Result<GuestPath, CopyError> {
    path.parse().map_err(|error| copy::guest(path, Box::new(error)))
}
