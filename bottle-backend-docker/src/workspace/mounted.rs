//! The host's own folder as the working folder, with the parts covered that programs of the host's act upon.

use std::path::Path;

use bollard::models::Mount;
use bottle_backend::LaunchError;

/// Returns the folder and its covers.
pub(super) fn mounts(host: &Path, _at: &str) -> Result<Vec<Mount>, LaunchError> {
    Err(LaunchError::Unsupported {
        what: "a mounted workspace",
        reason: format!("{} can only be copied so far", host.display()),
    })
}
