//! Where the guest's root file system comes from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The image that was chosen, and what was looked at on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePlan {
    /// What the guest is made from.
    pub source: ImageSource,
    /// Why this source was taken, for people.
    pub reason: String,
}

/// A source of the guest's root file system, in the order of the cascade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ImageSource {
    /// An image frozen by `bottle commit`.
    Committed {
        /// The backend's own reference to it.
        reference: String,
    },
    /// A Dockerfile that overrides all others for this one bottle.
    BottleOverride(BuildContext),
    /// The Dockerfile that the manifest names.
    Manifest(BuildContext),
    /// The Dockerfile beside a user plugin.
    Plugin(BuildContext),
    /// The Dockerfile that comes with the provider.
    Provider {
        /// Its whole text.
        dockerfile: String,
    },
}

/// A Dockerfile on the host and the files that it may `COPY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildContext {
    /// The Dockerfile.
    pub dockerfile: PathBuf,
    /// Files beside it, relative to its folder, that the build may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
}
