//! What starts that never became ready have left behind.

use std::path::Path;

use bottle_backend::{CleanupPlan, CleanupReport, EngineError, Host, Leftover, Owner};
use bottle_host::Folder;

use crate::backend::{NativeConfig, refused};
use crate::record::GuestRecord;

/// Finds it. A bottle that was ready once is never named, nor one whose command still runs.
pub(crate) fn prepare(config: &NativeConfig) -> Result<CleanupPlan, EngineError> {
    let folders =
        Folder::<GuestRecord>::all(&config.folder).map_err(|error| refused("look for leftovers", error))?;
    let left = folders.iter().filter(|folder| is_left(folder, &config.host));
    Ok(CleanupPlan {
        leftovers: left.map(leftover).collect(),
    })
}

fn is_left(folder: &Folder<GuestRecord>, host: &Host) -> bool {
    match folder.record() {
        Some(record) => !record.ready && host.owns(&record.owner) && !host.is_alive(&record.owner),
        // Only the name says whose it is. Nothing was made in it that lies elsewhere.
        None => folder
            .nameless()
            .is_some_and(|(pid, started)| (host.process_started)(pid) != Some(started)),
    }
}

fn leftover(folder: &Folder<GuestRecord>) -> Leftover {
    Leftover {
        kind: "folder",
        id: folder.path().to_string_lossy().into_owned(),
        name: folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        reason: "its start was not finished, and the command that began it is gone".to_owned(),
    }
}

/// Removes what a plan names, in its order, if it still is what it was.
pub(crate) async fn run(config: &NativeConfig, plan: &CleanupPlan) -> CleanupReport {
    let mut report = CleanupReport::default();
    let folders = Folder::<GuestRecord>::all(&config.folder).unwrap_or_default();
    for leftover in &plan.leftovers {
        let named = |folder: &&Folder<GuestRecord>| folder.path() == Path::new(&leftover.id);
        let found = folders
            .iter()
            .find(named)
            .filter(|folder| is_left(folder, &config.host));
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
