//! What exists, as the folders and smolvm say it.

use std::collections::BTreeSet;

use bottle_backend::{ActiveBottle, BottleState, BoxError, EngineError};
use bottle_host::{Folder, Record};
use bottle_plan::names::Identity;

use crate::backend::{SmolConfig, refused};
use crate::bottle::SmolBottle;
use crate::client::MachineState;
use crate::guest::Entrance;
use crate::record::GuestRecord;

/// Lists the bottles of this user and machine.
pub(crate) async fn bottles(config: &SmolConfig) -> Result<Vec<ActiveBottle>, EngineError> {
    let failed = |error: BoxError| refused("list bottles", error);
    let folders = Folder::<GuestRecord>::all(&config.folder).map_err(|error| failed(error.into()))?;
    let seen = folders.into_iter().filter_map(|folder| {
        let record = folder.record().filter(|record| config.host.sees(&record.owner))?;
        folder.nameless().is_none().then_some((folder, record))
    });
    let seen: Vec<_> = seen.collect();
    // Without a bottle nothing needs to be asked.
    let running = match seen.is_empty() {
        true => BTreeSet::new(),
        false => running(config).await.map_err(failed)?,
    };
    let bottle = |(folder, record): (Folder<GuestRecord>, Record<GuestRecord>)| {
        Ok(ActiveBottle {
            identity: record.owner.identity.clone(),
            state: state(&folder, &record, &running)?,
            attended: config.host.is_alive(&record.owner),
            owner: record.owner,
        })
    };
    let bottles: std::io::Result<Vec<_>> = seen.into_iter().map(bottle).collect();
    bottles.map_err(|error| failed(error.into()))
}

/// Returns the names of the machines that run.
async fn running(config: &SmolConfig) -> Result<BTreeSet<String>, BoxError> {
    let machines = config.smolvm.list().await?.into_iter();
    let running = machines.filter(|machine| machine.state == MachineState::Running);
    Ok(running.map(|machine| machine.name).collect())
}

fn state(
    folder: &Folder<GuestRecord>,
    record: &Record<GuestRecord>,
    running: &BTreeSet<String>,
) -> std::io::Result<BottleState> {
    let runs = record
        .guest
        .as_ref()
        .is_some_and(|guest| running.contains(&guest.machine));
    Ok(match (record.ready, folder.is_kept()?, runs) {
        (false, ..) => BottleState::Starting,
        (true, false, false) => BottleState::Preserved,
        (true, true, true) if bottle_host::is_there(folder) => BottleState::Running,
        (true, ..) => BottleState::Degraded,
    })
}

/// Takes a bottle up again that runs, or whose doors serve.
pub(crate) async fn open(config: &SmolConfig, identity: &Identity) -> Result<SmolBottle, EngineError> {
    let failed = |error: BoxError| refused("look at the bottle", error);
    let (folder, entrance) = find(config, identity)?;
    let kept = folder.is_kept().map_err(|error| failed(error.into()))?;
    if !kept && !entrance.is_running().await.map_err(failed)? {
        return Err(EngineError::NotRunning(identity.clone()));
    }
    Ok(SmolBottle::new(identity.clone(), folder, entrance))
}

/// Starts a preserved guest without its doors, or takes one that is awake.
pub(crate) async fn wake(config: &SmolConfig, identity: &Identity) -> Result<SmolBottle, EngineError> {
    let not_woken = |error: BoxError| refused("wake the guest", error);
    let (folder, entrance) = find(config, identity)?;
    if folder.is_kept().map_err(|error| not_woken(error.into()))? {
        return Err(not_woken("its doors serve: it is not at rest".into()));
    }
    let entrance = entrance.awake().await.map_err(not_woken)?;
    Ok(SmolBottle::new(identity.clone(), folder, entrance))
}

fn find(config: &SmolConfig, identity: &Identity) -> Result<(Folder<GuestRecord>, Entrance), EngineError> {
    let absent = || EngineError::NotRunning(identity.clone());
    let folder = Folder::<GuestRecord>::of(&config.folder, identity);
    let record = folder
        .record()
        .filter(|record| record.ready && config.host.sees(&record.owner))
        .ok_or_else(absent)?;
    let entrance = Entrance {
        smolvm: config.smolvm.clone(),
        guest: record.guest.ok_or_else(absent)?,
    };
    Ok((folder, entrance))
}
