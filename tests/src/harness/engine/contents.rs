//! What containers and images hold, as streams of bytes to search in.

use anyhow::{Context, Result};
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bollard::{Docker, body_full};
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;
use futures_util::{Stream, StreamExt};
use tar::{Builder, Header};

use super::Engine;

/// Something of the engine's that holds bytes.
#[derive(Clone, Copy, Debug)]
pub enum Contents<'a> {
    /// All files of a container but those in its volumes, as an archive.
    FilesOf(&'a str),
    /// A folder of a container, volumes included, as an archive.
    Folder {
        /// The container.
        container: &'a str,
        /// The folder's absolute path.
        path: &'a str,
    },
    /// An image with its configuration and every layer, as an archive.
    Image(&'a str),
}

impl Engine {
    /// Hands out what something holds, piece by piece.
    pub fn read(&self, contents: Contents<'_>, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.runtime.block_on(async {
            let mut pieces = pieces(&self.docker, contents);
            while let Some(piece) = pieces.next().await {
                take(&piece.with_context(|| format!("cannot read {contents:?}"))?)?;
            }
            Ok(())
        })
    }

    /// Puts a file of root's with this mode into a container.
    pub fn put(&self, container: &str, path: &str, bytes: &[u8], mode: u32) -> Result<()> {
        let mut archive = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_size(u64::try_from(bytes.len())?);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, path.trim_start_matches('/'), bytes)?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let body = body_full(archive.into_inner()?.into());
        let put = self.docker.upload_to_container(container, Some(options), body);
        self.runtime
            .block_on(put)
            .with_context(|| format!("cannot put {path} into {container}"))
    }
}

type Pieces<'a> = LocalBoxStream<'a, Result<Bytes, bollard::errors::Error>>;

fn pieces<'a>(docker: &'a Docker, contents: Contents<'a>) -> Pieces<'a> {
    match contents {
        Contents::FilesOf(container) => boxed(docker.export_container(container)),
        Contents::Folder { container, path } => {
            let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
            boxed(docker.download_from_container(container, Some(options)))
        }
        Contents::Image(image) => boxed(docker.export_image(image)),
    }
}

fn boxed<'a>(pieces: impl Stream<Item = Result<Bytes, bollard::errors::Error>> + 'a) -> Pieces<'a> {
    pieces.boxed_local()
}
