use super::*;
use crate::state::EVENTS;
use crate::testing::{Scripted, begun};

fn folder() -> (tempfile::TempDir, StateFolder) {
    let root = tempfile::tempdir().unwrap();
    let folder = StateFolder::of(root.path(), &"demo-1".parse().unwrap());
    drop(folder.create().unwrap());
    begun(&folder);
    (root, folder)
}

async fn verified(folder: &StateFolder) -> u64 {
    let (lines, chain) = read(folder).await.unwrap();
    verify(&lines, &chain).unwrap()
}

#[tokio::test]
async fn every_event_is_fetched_once() {
    let (_root, folder) = folder();
    let bottle = Scripted::new(7);
    assert_eq!(drain(&bottle, &folder).await.unwrap(), 7);
    assert_eq!(drain(&bottle, &folder).await.unwrap(), 0);
    assert_eq!(verified(&folder).await, 7);
}

#[tokio::test]
async fn commands_that_fetch_at_the_same_time_do_not_write_twice() {
    let (_root, folder) = folder();
    let bottle = Scripted::new(40);
    let drains = tokio::join!(
        drain(&bottle, &folder),
        drain(&bottle, &folder),
        drain(&bottle, &folder)
    );
    assert_eq!(drains.0.unwrap() + drains.1.unwrap() + drains.2.unwrap(), 40);
    assert_eq!(verified(&folder).await, 40);
}

#[tokio::test]
async fn what_a_command_wrote_that_died_before_it_noted_so_is_fetched_again() {
    let (_root, folder) = folder();
    let bottle = Scripted::new(4);
    drain(&bottle, &folder).await.unwrap();
    let bottle = Scripted::new(6);
    folder
        .append_events(&[bottle.lines[4].clone(), "half a li".to_owned()])
        .unwrap();
    assert_eq!(drain(&bottle, &folder).await.unwrap(), 2);
    assert_eq!(verified(&folder).await, 6);
}

#[tokio::test]
async fn a_flood_does_not_fill_the_hosts_disk_nor_push_older_events_out() {
    let (_root, folder) = folder();
    let bottle = Scripted::new(1000);
    let first = fetch(&bottle, &folder, 10_000).await;
    assert!(matches!(first, Err(DrainError::Full(10_000))), "{first:?}");
    let size = std::fs::metadata(folder.path().join(EVENTS)).unwrap().len();
    assert!(size < 11_000, "{size}");
    let kept = verified(&folder).await;
    assert!(kept > 0);
    assert!(fetch(&bottle, &folder, 10_000).await.is_err(), "it stays full");
    assert_eq!(verified(&folder).await, kept);
    assert_eq!(
        drain_at_end(&bottle, &folder).await.unwrap(),
        1000 - kept,
        "at the end there is room for what the sidecar holds"
    );
}
