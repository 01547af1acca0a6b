//! Whether the engine can bound the disk of a guest.

use bollard::models::SystemInfo;
use bottle_backend::LaunchError;
use bottle_plan::BottlePlan;

use crate::engine::Engine;

/// Fails, before anything is made, when a plan bounds the disk and the engine cannot.
///
/// # Errors
///
/// With what the user can do about it.
pub(crate) async fn check(engine: &Engine, plan: &BottlePlan) -> Result<(), LaunchError> {
    if plan.resources.disk.is_none() {
        return Ok(());
    }
    let info = engine.docker.info().await.map_err(|error| LaunchError::Step {
        step: "ask the engine how it keeps files",
        source: error.into(),
    })?;
    match lacks(&info) {
        None => Ok(()),
        Some(why) => Err(LaunchError::Unsupported {
            what: "`resources.disk`",
            reason: format!(
                "{why}; take it out of the bottle, or give the engine's data folder an XFS file system mounted with \
                 pquota"
            ),
        }),
    }
}

/// Says why an engine knows no quotas; none when it may. Only its own answer to a request for one is certain: an XFS
/// file system may be mounted without them.
fn lacks(info: &SystemInfo) -> Option<String> {
    let driver = info.driver.as_deref().unwrap_or("an unknown driver");
    let status = info.driver_status.iter().flatten();
    let backing = status
        .filter_map(|pair| match pair.as_slice() {
            [name, value] if name == "Backing Filesystem" => Some(value.as_str()),
            _ => None,
        })
        .next();
    match (driver, backing) {
        ("overlay2", Some("xfs")) | ("btrfs" | "zfs" | "devicemapper" | "windowsfilter", _) => None,
        ("overlay2", Some(other)) => Some(format!(
            "the engine keeps files with overlay2 on {other}, which has no quotas"
        )),
        (driver, _) => Some(format!(
            "the engine keeps files with {driver}, which has no quotas"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(driver: &str, backing: &str) -> SystemInfo {
        SystemInfo {
            driver: Some(driver.to_owned()),
            driver_status: Some(vec![vec!["Backing Filesystem".to_owned(), backing.to_owned()]]),
            ..SystemInfo::default()
        }
    }

    #[test]
    fn an_engine_without_quotas_is_known_before_anything_is_made() {
        assert_eq!(lacks(&info("overlay2", "xfs")), None);
        assert_eq!(lacks(&info("btrfs", "btrfs")), None);
        assert!(lacks(&info("overlay2", "extfs")).is_some_and(|why| why.contains("overlay2 on extfs")));
        assert!(lacks(&info("overlayfs", "xfs")).is_some(), "containerd's own");
        assert!(lacks(&info("vfs", "xfs")).is_some());
        assert!(lacks(&SystemInfo::default()).is_some());
    }
}
