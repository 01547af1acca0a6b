//! Remembers the Dockerfiles that bottles were made from, so that a changed one is noticed before it is built.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use bottle_plan::BottlePlan;
use bottle_plan::image::{BuildContext, ImageSource};
use bottle_util::files;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::Host;

/// The largest Dockerfile, or file beside it, that is read to be remembered.
const MOST_FILE_BYTES: u64 = 64 << 20;
/// The file that remembers, in the folder of bottles.
const MEMORY: &str = "dockerfiles.json";

/// A user's own Dockerfile, compared with the last start that used it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it, or a file that it copies, is not what it was then. One that was never used has not changed.
    pub changed: bool,
    hash: String,
}

/// Compares the Dockerfile that a plan is made from; none when it is no file of the user's.
///
/// # Errors
///
/// When the Dockerfile or a file beside it cannot be read.
pub fn compare_dockerfile(plan: &BottlePlan, host: &Host) -> io::Result<Option<Dockerfile>> {
    let context = match &plan.image.source {
        ImageSource::BottleOverride(context)
        | ImageSource::Manifest(context)
        | ImageSource::Plugin(context) => context,
        ImageSource::Committed { .. } | ImageSource::Provider { .. } => return Ok(None),
    };
    let path = context.dockerfile.clone();
    let hash = hash(context)?;
    let remembered = remembered(host).remove(&path.display().to_string());
    Ok(Some(Dockerfile {
        path,
        changed: remembered.is_some_and(|before| before != hash),
        hash,
    }))
}

impl Dockerfile {
    /// Remembers it as it is now.
    ///
    /// # Errors
    ///
    /// When the file that remembers cannot be written.
    pub fn remember(&self, host: &Host) -> io::Result<()> {
        let mut all = remembered(host);
        all.insert(self.path.display().to_string(), self.hash.clone());
        files::write_private(&host.bottle_home.join(MEMORY), &serde_json::to_vec_pretty(&all)?)
    }
}

fn remembered(host: &Host) -> BTreeMap<String, String> {
    let bytes = files::read_bounded(&host.bottle_home.join(MEMORY), 16 << 20).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn hash(context: &BuildContext) -> io::Result<String> {
    let folder = context.dockerfile.parent().map(PathBuf::from).unwrap_or_default();
    let beside = context.files.iter().map(|file| folder.join(file));
    let mut digest = Sha256::new();
    for path in std::iter::once(context.dockerfile.clone()).chain(beside) {
        let content = files::read_bounded(&path, MOST_FILE_BYTES)?;
        digest.update((content.len() as u64).to_be_bytes());
        digest.update(content);
    }
    Ok(HEXLOWER.encode(&digest.finalize()))
}
