//! An image as a file, for what runs images without an engine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_backend::{LaunchError, Progress};
use bottle_util::files;
use futures_util::TryStreamExt;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::step;
use crate::engine::Engine;

/// Writes an image as `docker save` does, unless it was written before. Its id says what is in it.
pub(crate) async fn archive(
    engine: &Engine,
    id: &str,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<PathBuf, LaunchError> {
    let name = id.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let path = folder.join(format!("{name}.tar"));
    if path.is_file() {
        return Ok(path);
    }
    progress.step("saving the agent's image");
    let failed = |error: io::Error| step("save the image", error);
    files::create_private_dir(folder).map_err(failed)?;
    let new = folder.join(format!(".new-{}-{name}", std::process::id()));
    let written = write(engine, id, &new).await;
    let named = written.and_then(|()| fs::rename(&new, &path));
    if named.is_err() {
        // It may not have been made.
        let _absent = fs::remove_file(&new);
    }
    named.map(|()| path).map_err(failed)
}

async fn write(engine: &Engine, id: &str, to: &Path) -> io::Result<()> {
    let mut file = File::create(to).await?;
    let mut pieces = engine.docker.export_image(id);
    while let Some(piece) = pieces.try_next().await.map_err(io::Error::other)? {
        file.write_all(&piece).await?;
    }
    file.flush().await
}
