use super::*;
use crate::state::PRESERVE;
use crate::testing::{Scripted, begun};

async fn check(
    bottle: &Scripted,
    status: i32,
    keep: bool,
    interrupted: bool,
) -> (Settled, Vec<&'static str>) {
    let root = tempfile::tempdir().unwrap();
    let state = StateFolder::of(root.path(), &bottle.identity);
    drop(state.create().unwrap());
    begun(&state);
    let (canceller, cancel) = Canceller::new();
    if interrupted {
        canceller.cancel();
    }
    let ending = Ending {
        bottle,
        state: &state,
        events_root: &root.path().join("events"),
    };
    let settled = ending.settle(status, keep, cancel).await.unwrap();
    assert_eq!(
        state.path().join(PRESERVE).exists(),
        settled != Settled::Removed,
        "what is kept says why, and the rest is gone"
    );
    let done = bottle.done.lock().unwrap().clone();
    (settled, done)
}

fn kept(reason: &str) -> Settled {
    Settled::Preserved {
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn the_guest_is_halted_before_anything_is_looked_at() {
    let bottle = Scripted::new(3);
    let (settled, done) = check(&bottle, 0, false, false).await;
    assert_eq!(
        (settled, done),
        (Settled::Removed, vec!["halt", "compare", "close"])
    );
}

#[tokio::test]
async fn what_exists_nowhere_else_is_kept() {
    let bottle = Scripted {
        changed: Some(true),
        ..Scripted::new(0)
    };
    let (settled, done) = check(&bottle, 0, false, false).await;
    let expected = kept("the agent left work in the workspace");
    assert_eq!((settled, done), (expected, vec!["halt", "compare", "preserve"]));
}

#[tokio::test]
async fn a_failed_agent_is_kept_unread() {
    let (settled, done) = check(&Scripted::new(0), 137, false, false).await;
    let expected = kept("the agent ended with status 137");
    assert_eq!((settled, done), (expected, vec!["halt", "preserve"]));
}

#[tokio::test]
async fn a_user_does_not_have_to_wait_for_an_endless_comparison() {
    let bottle = Scripted {
        changed: None,
        ..Scripted::new(0)
    };
    let (settled, done) = check(&bottle, 0, false, true).await;
    let expected = kept("the comparison of the workspace was interrupted");
    assert_eq!(settled, expected);
    assert_eq!(done.last(), Some(&"preserve"));
}

#[tokio::test(start_paused = true)]
async fn an_endless_comparison_ends_by_itself() {
    let bottle = Scripted {
        changed: None,
        ..Scripted::new(0)
    };
    let (settled, _) = check(&bottle, 0, false, false).await;
    assert_eq!(settled, kept("the workspace takes too long to compare"));
}
