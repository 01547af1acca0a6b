//! Starts that are cut off at any moment, also while the engine is making what it was asked for.

#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker as Client;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};
use bottle_backend::conformance::Harness;
use bottle_backend::{Canceller, LaunchError, Quiet, launch};
use bottle_plan::names::Identity;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use harness::docker;

async fn left(identity: &Identity) -> Vec<String> {
    let socket = harness::socket();
    let client =
        Client::connect_with_unix(socket.to_str().unwrap(), 60, bollard::API_DEFAULT_VERSION).unwrap();
    let filter = HashMap::from([("label".to_owned(), vec![format!("bottle.identity={identity}")])]);
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filter)
        .build();
    let containers = client.list_containers(Some(options)).await.unwrap();
    let options = ListVolumesOptionsBuilder::default().filters(&filter).build();
    let volumes = client.list_volumes(Some(options)).await.unwrap();
    let containers = containers.into_iter().filter_map(|container| container.id);
    let volumes = volumes.volumes.unwrap_or_default().into_iter();
    containers.chain(volumes.map(|volume| volume.name)).collect()
}

#[tokio::test]
async fn a_start_that_is_cut_off_at_any_moment_leaves_nothing() {
    let Some(harness) = docker("a_start_that_is_cut_off_at_any_moment_leaves_nothing").await else {
        return;
    };
    let mut cut = 0;
    // The moments are a sample: what the engine is doing then is different each time.
    for moment in (0..40).map(|number| Duration::from_millis(5 + number * 25)) {
        let identity: Identity = format!("cut-{}-{}", moment.as_millis(), std::process::id())
            .parse()
            .unwrap();
        let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
        let (canceller, cancel) = Canceller::new();
        let starting = launch(
            harness.backend(),
            &plan,
            harness.materials(&identity),
            &Quiet,
            cancel,
        );
        let cancelling = async {
            tokio::time::sleep(moment).await;
            canceller.cancel();
        };
        let (started, ()) = tokio::join!(starting, cancelling);
        match started {
            Ok(bottle) => bottle.close().await.unwrap(),
            Err(error) => {
                assert!(matches!(error, LaunchError::Cancelled), "{error:?}");
                cut += 1;
            }
        }
        assert_eq!(left(&identity).await, [""; 0], "after {moment:?}");
    }
    assert!(cut > 3, "too fast to be cut off");
}
