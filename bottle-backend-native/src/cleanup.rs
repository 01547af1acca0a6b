//! What starts that never became ready have left behind.

use bottle_backend::{CleanupPlan, CleanupReport, EngineError, Owner};
use bottle_host::{Folder, leftovers, still_left};

use crate::backend::{NativeConfig, refused};
use crate::record::GuestRecord;

/// Finds it.
pub(crate) fn prepare(config: &NativeConfig) -> Result<CleanupPlan, EngineError> {
    let leftovers = leftovers::<GuestRecord>(&config.folder, &config.host);
    Ok(CleanupPlan {
        leftovers: leftovers.map_err(|error| refused("look for leftovers", error))?,
    })
}

/// Removes what a plan names, in its order, if it still is what it was.
pub(crate) async fn run(config: &NativeConfig, plan: &CleanupPlan) -> CleanupReport {
    let mut report = CleanupReport::default();
    for leftover in &plan.leftovers {
        let found = still_left::<GuestRecord>(&config.folder, &config.host, leftover);
        let removed = match found {
            Some(folder) => folder.remove().await,
            None => Ok(()),
        };
        match removed {
            Ok(()) => report.removed.push(leftover.clone()),
            Err(error) => report.failed.push((
                leftover.clone(),
                refused(&format!("remove {}", leftover.name), error),
            )),
        }
    }
    report
}

/// Removes what one start has made; a bottle that was there before is preserved again.
pub(crate) async fn abandon(config: &NativeConfig, owner: &Owner) -> Result<(), EngineError> {
    let folder = Folder::<GuestRecord>::of(&config.folder, &owner.identity);
    let Some(record) = folder.record().filter(|record| record.owner == *owner) else {
        return Ok(());
    };
    let ended = match record.ready {
        true => folder.end().await,
        false => folder.remove().await,
    };
    ended.map_err(|error| refused("remove the bottle", error))
}
