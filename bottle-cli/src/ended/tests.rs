use super::*;
use crate::events;
use crate::state::PLAN;
use crate::testing::{Scripted, begun};

fn identity() -> Identity {
    "demo-1".parse().unwrap()
}

/// A bottle that lived and was asked for its events.
async fn lived(root: &Path, events: u64) -> StateFolder {
    let folder = StateFolder::of(&root.join("state"), &identity());
    drop(folder.create().unwrap());
    begun(&folder);
    folder.write(PLAN, b"a plan").unwrap();
    fs::create_dir(folder.path().join("transcript")).unwrap();
    events::drain(&Scripted::new(events), &folder).await.unwrap();
    folder
}

#[tokio::test]
async fn events_outlive_their_bottle_and_can_still_be_verified() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("events");
    for (number, events) in [(1, 3), (2, 5)] {
        let folder = lived(home.path(), events).await;
        retire(&root, &identity(), &folder).unwrap();
        assert!(!folder.path().exists());
        let ended = ended_bottles(&root).unwrap();
        assert_eq!(ended.len(), number, "one of the same name does not write over it");
        let (lines, chain) = events::read(ended[number - 1].folder()).await.unwrap();
        assert_eq!(events::verify(&lines, &chain), Ok(events));
    }
    let last = ended_bottles(&root).unwrap().pop().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&root).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
    for gone in [PLAN, "transcript", "lock"] {
        assert!(!last.folder().path().join(gone).exists(), "{gone}");
    }
    last.remove().unwrap();
    assert_eq!(ended_bottles(&root).unwrap().len(), 1);
}

#[tokio::test]
async fn a_bottle_without_events_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("events");
    let folder = lived(home.path(), 0).await;
    retire(&root, &identity(), &folder).unwrap();
    assert!(!folder.path().exists());
    assert!(ended_bottles(&root).unwrap().is_empty());
}
