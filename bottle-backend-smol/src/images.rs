//! Where the archives come from that machines are made from.

use std::path::PathBuf;

use async_trait::async_trait;
use bottle_backend::{LaunchError, LaunchMaterials, Progress};
use bottle_plan::BottlePlan;

/// Finds or makes the archive of a plan's image: what `docker save` writes, or a pack of smolvm's own.
///
/// Nothing here names a registry, and smolvm is never given a name that it could ask one for.
#[async_trait]
pub trait Images: Send + Sync {
    /// Returns the archive.
    ///
    /// # Errors
    ///
    /// When there is none and it cannot be made.
    async fn archive(
        &self,
        plan: &BottlePlan,
        materials: &LaunchMaterials,
        progress: &dyn Progress,
    ) -> Result<PathBuf, LaunchError>;
}
