//! Ending a guest: its main process is the relay, and the kernel ends everything else with it.

use bollard::query_parameters::{KillContainerOptions, StopContainerOptionsBuilder};
use bottle_backend::{BoxError, EngineError};

use crate::engine::{Engine, status, unless_missing};
use crate::refused;

/// How long the relay is given to end by itself, in seconds.
const GRACE: i32 = 2;

/// Ends every process of a guest. It is no error when there is none, or no guest.
pub(crate) async fn halt(engine: &Engine, container: &str) -> Result<(), EngineError> {
    let failed = |error| refused("stop the guest", error);
    if !runs(engine, container).await.map_err(failed)? {
        return Ok(());
    }
    let options = StopContainerOptionsBuilder::default().t(GRACE).build();
    if let Err(error) = engine.docker.stop_container(container, Some(options)).await {
        tracing::warn!(%error, "the guest did not stop and is killed");
        let killed = engine
            .docker
            .kill_container(container, None::<KillContainerOptions>)
            .await;
        match unless_missing(killed) {
            // It ended meanwhile.
            Err(error) if status(&error) == Some(409) => {}
            killed => killed.map(drop).map_err(failed)?,
        }
    }
    match runs(engine, container).await.map_err(failed)? {
        false => Ok(()),
        true => Err(EngineError::Refused {
            action: "stop the guest".to_owned(),
            source: BoxError::from("the engine says that it was stopped, and that it runs"),
        }),
    }
}

async fn runs(engine: &Engine, container: &str) -> Result<bool, bollard::errors::Error> {
    let seen = unless_missing(engine.docker.inspect_container(container, None).await)?;
    Ok(seen.and_then(|seen| seen.state?.running) == Some(true))
}
