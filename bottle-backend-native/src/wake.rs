//! A preserved guest, started without its doors.
//!
//! It has neither sidecar nor relay, so nothing listens in its network and nothing in it reaches anything.

use bottle_backend::{BoxError, EngineError};
use bottle_host::Folder;
use bottle_plan::names::Identity;

use crate::backend::{NativeConfig, refused};
use crate::bottle::NativeBottle;
use crate::guest::without_doors;
use crate::record::GuestRecord;

/// Starts a preserved guest, or takes one that is awake.
pub(crate) async fn wake(config: &NativeConfig, identity: &Identity) -> Result<NativeBottle, EngineError> {
    let absent = || EngineError::NotRunning(identity.clone());
    let folder = Folder::<GuestRecord>::of(&config.folder, identity);
    let record = folder
        .record()
        .filter(|record| record.ready && config.host.sees(&record.owner))
        .ok_or_else(absent)?;
    let guest = record.guest.ok_or_else(absent)?;
    let not_woken = |error| refused("wake the guest", error);
    if !folder.is_kept().map_err(not_woken)? {
        let keeper = without_doors(&folder, &guest).await.map_err(not_woken)?;
        keeper.stay().map_err(not_woken)?;
    } else if bottle_host::is_there(&folder) {
        return Err(EngineError::Refused {
            action: "wake the guest".to_owned(),
            source: BoxError::from("its doors serve: it is not at rest"),
        });
    }
    Ok(NativeBottle::new(identity.clone(), folder, guest))
}
