//! What starts that never became ready have left behind.

use bottle_backend::{BoxError, CleanupPlan, CleanupReport, EngineError, Owner};
use bottle_host::{Folder, leftovers, still_left};

use crate::backend::{SmolConfig, refused};
use crate::guest::Entrance;
use crate::record::GuestRecord;

/// Finds it.
pub(crate) fn prepare(config: &SmolConfig) -> Result<CleanupPlan, EngineError> {
    let leftovers = leftovers::<GuestRecord>(&config.folder, &config.host);
    Ok(CleanupPlan {
        leftovers: leftovers.map_err(|error| refused("look for leftovers", error))?,
    })
}

/// Removes what a plan names, in its order, if it still is what it was: the machine, and the folder after it.
pub(crate) async fn run(config: &SmolConfig, plan: &CleanupPlan) -> CleanupReport {
    let mut report = CleanupReport::default();
    for leftover in &plan.leftovers {
        let removed = match still_left::<GuestRecord>(&config.folder, &config.host, leftover) {
            Some(folder) => Entrance::remove(&config.smolvm, &folder).await,
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
pub(crate) async fn abandon(config: &SmolConfig, owner: &Owner) -> Result<(), EngineError> {
    let folder = Folder::<GuestRecord>::of(&config.folder, &owner.identity);
    let Some(record) = folder.record().filter(|record| record.owner == *owner) else {
        return Ok(());
    };
    let ended = match (record.ready, record.guest) {
        (true, Some(guest)) => rest(config, &guest, &folder).await,
        _ => Entrance::remove(&config.smolvm, &folder).await,
    };
    ended.map_err(|error| refused("remove the bottle", error))
}

async fn rest(
    config: &SmolConfig,
    guest: &GuestRecord,
    folder: &Folder<GuestRecord>,
) -> Result<(), BoxError> {
    config.smolvm.stop(&guest.machine).await?;
    Ok(folder.end().await?)
}
