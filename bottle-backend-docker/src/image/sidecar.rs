//! The sidecar's image: two static binaries and nothing else, packed here and never fetched.

use std::io;
use std::path::Path;

use bollard::body_full;
use bollard::query_parameters::CreateImageOptionsBuilder;
use bottle_backend::{LaunchError, Progress};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use super::context::append;
use super::{find, refused, step};
use crate::engine::Engine;

/// Each binary and where it lies in the image. What lies in `doors` is in the doors volume from the start, so that the
/// guest's relay need not wait for the sidecar.
const FILES: [(&str, &str); 3] = [
    ("bottle-sidecar", "bottle-sidecar"),
    ("bottle-relay", "bottle-relay"),
    ("bottle-relay", "doors/relay"),
];
/// The most bytes of one binary.
const MOST_BYTES: u64 = 256 << 20;

/// An image that is here.
pub(crate) struct SidecarImage {
    /// The engine's id.
    pub(crate) id: String,
    /// Its name.
    pub(super) reference: String,
}

/// Returns the sidecar's image, after packing it if need be.
pub(crate) async fn ensure_sidecar_image(
    engine: &Engine,
    binaries: &Path,
    version: &str,
    progress: &dyn Progress,
) -> Result<SidecarImage, LaunchError> {
    let folder = binaries.to_owned();
    let packed = tokio::task::spawn_blocking(move || Packed::read(&folder)).await;
    let packed = packed.map_err(|error| step("read the sidecar's binaries", error))??;
    let tag = format!("{version}-{}", packed.hash);
    let reference = format!("bottle-sidecar:{tag}");
    let id = ensure(engine, &packed, &tag, &reference, progress).await?;
    Ok(SidecarImage { id, reference })
}

async fn ensure(
    engine: &Engine,
    packed: &Packed,
    tag: &str,
    reference: &str,
    progress: &dyn Progress,
) -> Result<String, LaunchError> {
    if let Some(id) = find(engine, reference).await? {
        return Ok(id);
    }
    let _alone = engine.making.of(reference).await;
    if let Some(id) = find(engine, reference).await? {
        return Ok(id);
    }
    progress.step("packing the sidecar's image");
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo("bottle-sidecar")
        .tag(tag)
        .changes(vec!["LABEL bottle.image=sidecar".to_owned()])
        .build();
    let tar = packed
        .tar()
        .map_err(|error| step("pack the sidecar's image", error))?;
    engine
        .docker
        .create_image(Some(options), Some(body_full(tar)), None)
        .try_collect::<Vec<_>>()
        .await
        .map_err(|error| step("import the sidecar's image", error))?;
    let id = find(engine, reference).await?;
    id.ok_or_else(|| refused("the sidecar's image is not there after its import".to_owned()))
}

struct Packed {
    files: Vec<(&'static str, Vec<u8>)>,
    hash: String,
}

impl Packed {
    fn read(folder: &Path) -> Result<Self, LaunchError> {
        let mut hash = Sha256::new();
        let mut files = Vec::new();
        for (name, place) in FILES {
            let content = read(&folder.join(name))?;
            for part in [place.as_bytes(), content.as_slice()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            files.push((place, content));
        }
        let mut hash = HEXLOWER.encode(&hash.finalize());
        hash.truncate(20);
        Ok(Self { files, hash })
    }

    fn tar(&self) -> io::Result<Bytes> {
        let mut tar = tar::Builder::new(Vec::new());
        for (place, content) in &self.files {
            append(&mut tar, Path::new(place), 0o755, content)?;
        }
        tar.into_inner().map(Bytes::from)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LaunchError> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match bottle_util::files::read_bounded(&path, MOST_BYTES) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(LaunchError::MissingFile {
            what: "a static binary of the sidecar's",
            path,
        }),
        other => other.map_err(|error| step("read the sidecar's binaries", error)),
    }
}
