//! The network mode is part of health: a guest that somebody attaches to a network is stopped at once.
//!
//! The engine refuses to attach a running container without a network, but not after `none` was taken away from it.
//! The relay inside looks as well; this is the view from outside.

use std::collections::HashMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{EventsOptionsBuilder, KillContainerOptions};
use futures_util::StreamExt;
use tokio::task::AbortHandle;

use crate::engine::{Engine, unless_missing};
use crate::spec::attached_networks;

/// How long after the engine's events broke off they are asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// An eye on one guest; it closes when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps an eye on a guest.
pub(crate) fn watch(engine: &Engine, container: &str) -> Watch {
    let (engine, container) = (engine.clone(), container.to_owned());
    let watching = tokio::spawn(async move {
        while let Ok(true) = look_until_events_end(&engine, &container).await {
            tokio::time::sleep(PAUSE).await;
        }
    });
    Watch(watching.abort_handle())
}

/// Looks at every network event. Returns whether there is still something to look at.
async fn look_until_events_end(engine: &Engine, container: &str) -> Result<bool, Error> {
    let filters = HashMap::from([
        ("type".to_owned(), vec!["network".to_owned()]),
        ("event".to_owned(), vec!["connect".to_owned()]),
    ]);
    let options = EventsOptionsBuilder::default().filters(&filters).build();
    let mut events = Box::pin(engine.docker.events(Some(options)));
    loop {
        if !stop_if_attached(engine, container).await? {
            return Ok(false);
        }
        match events.next().await {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Ok(true),
        }
    }
}

/// Stops a guest that is attached to a network. Returns whether it runs.
pub(crate) async fn stop_if_attached(engine: &Engine, container: &str) -> Result<bool, Error> {
    let seen = unless_missing(engine.docker.inspect_container(container, None).await)?;
    let Some(seen) = seen else { return Ok(false) };
    let Some(networks) = attached_networks(&seen) else {
        return Ok(seen.state.and_then(|state| state.running) == Some(true));
    };
    tracing::error!(container, %networks, "the guest got a network and is stopped");
    let killed = engine
        .docker
        .kill_container(container, None::<KillContainerOptions>)
        .await;
    unless_missing(killed)?;
    Ok(false)
}
