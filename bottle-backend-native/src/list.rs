//! What exists, as the folders say it.

use bottle_backend::{ActiveBottle, BottleState, EngineError};
use bottle_host::{Folder, Record};
use bottle_plan::names::Identity;

use crate::backend::{NativeConfig, refused};
use crate::bottle::NativeBottle;
use crate::record::GuestRecord;

/// Lists the bottles of this user and machine.
pub(crate) async fn bottles(config: &NativeConfig) -> Result<Vec<ActiveBottle>, EngineError> {
    let folders =
        Folder::<GuestRecord>::all(&config.folder).map_err(|error| refused("list bottles", error))?;
    let mut bottles = Vec::new();
    for folder in folders {
        let Some(record) = folder.record().filter(|record| config.host.sees(&record.owner)) else {
            continue;
        };
        if folder.nameless().is_some() {
            continue;
        }
        bottles.push(ActiveBottle {
            identity: record.owner.identity.clone(),
            state: state(&folder, &record).map_err(|error| refused("list bottles", error))?,
            attended: config.host.is_alive(&record.owner),
            owner: record.owner,
        });
    }
    Ok(bottles)
}

fn state(folder: &Folder<GuestRecord>, record: &Record<GuestRecord>) -> std::io::Result<BottleState> {
    Ok(match (record.ready, folder.is_kept()?) {
        (false, _) => BottleState::Starting,
        (true, false) => BottleState::Preserved,
        (true, true) if bottle_host::is_there(folder) => BottleState::Running,
        (true, true) => BottleState::Degraded,
    })
}

/// Takes a running bottle up again.
pub(crate) fn open(config: &NativeConfig, identity: &Identity) -> Result<NativeBottle, EngineError> {
    let absent = || EngineError::NotRunning(identity.clone());
    let folder = Folder::<GuestRecord>::of(&config.folder, identity);
    let record = folder
        .record()
        .filter(|record| config.host.sees(&record.owner))
        .ok_or_else(absent)?;
    let kept = folder
        .is_kept()
        .map_err(|error| refused("look at the bottle", error))?;
    let guest = record.guest.filter(|_| record.ready && kept).ok_or_else(absent)?;
    Ok(NativeBottle::new(identity.clone(), folder, guest))
}
