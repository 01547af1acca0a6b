mod attacks;
mod scene;

use bottle_backend::BottleState;

use super::*;
use scene::{Scene, commit, git};

const BRANCH: &str = "bottle/demo-1";

fn branch(scene: &Scene) -> String {
    git(&scene.repository(), &["rev-parse", BRANCH])
}

#[tokio::test]
async fn commits_come_home_as_the_bottles_branch_and_nothing_else_changes() {
    let scene = Scene::running().await;
    let before = git(&scene.repository(), &["rev-parse", "main"]);
    commit(&scene.workspace(), "second");
    let tip = commit(&scene.workspace(), "third");
    let pulled = scene.pull().await.unwrap();
    assert_eq!((pulled.outcome, pulled.commits), (Outcome::Made, 2));
    assert_eq!((pulled.chosen, pulled.uncommitted), (Chosen::Started, Some(0)));
    assert_eq!((pulled.branch.as_str(), branch(&scene)), (BRANCH, tip));
    let repository = scene.repository();
    assert_eq!(git(&repository, &["rev-parse", "main"]), before);
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    assert_eq!(git(&repository, &["show", "bottle/demo-1:third"]), "third");
    git(&repository, &["fsck", "--full", "--strict"]);
    assert!(!scene.state().path().join("pull").exists());
}

#[tokio::test]
async fn a_branch_moves_on_with_the_workspace() {
    let scene = Scene::running().await;
    assert_eq!(scene.pull().await.unwrap().outcome, Outcome::Nothing);
    commit(&scene.workspace(), "second");
    assert_eq!(scene.pull().await.unwrap().outcome, Outcome::Made);
    assert_eq!(scene.pull().await.unwrap().outcome, Outcome::Same);
    let tip = commit(&scene.workspace(), "third");
    let pulled = scene.pull().await.unwrap();
    assert_eq!((pulled.outcome, pulled.commits), (Outcome::Moved, 1));
    assert_eq!(branch(&scene), tip);
}

#[tokio::test]
async fn what_is_in_no_commit_and_on_other_branches_is_named() {
    let scene = Scene::running().await;
    let workspace = scene.workspace();
    git(&workspace, &["switch", "--quiet", "--create", "idea"]);
    let idea = commit(&workspace, "idea");
    git(&workspace, &["switch", "--quiet", "main"]);
    commit(&workspace, "second");
    std::fs::write(workspace.join("draft"), "").unwrap();
    let pulled = scene.pull().await.unwrap();
    assert_eq!(
        (pulled.uncommitted, pulled.others),
        (Some(1), vec!["idea".to_owned()])
    );
    let refused = scene
        .pull_as(|request| request.branch = Some("idea".to_owned()))
        .await;
    assert!(
        matches!(
            refused,
            Err(PullError::Repository(RepositoryError::MovedOn { .. }))
        ),
        "{refused:?}"
    );
    git(&scene.repository(), &["branch", "--move", BRANCH, "aside"]);
    scene
        .pull_as(|request| request.branch = Some("idea".to_owned()))
        .await
        .unwrap();
    assert_eq!(branch(&scene), idea);
}

#[tokio::test]
async fn a_preserved_guest_is_woken_and_put_to_rest_again() {
    let scene = Scene::running().await;
    let tip = commit(&scene.workspace(), "second");
    scene.preserve().await;
    scene.pull().await.unwrap();
    assert_eq!(branch(&scene), tip);
    assert_eq!(scene.backend_state().await, BottleState::Preserved);
    git(&scene.workspace(), &["checkout", "--quiet", "--orphan", "none"]);
    let refused = scene.pull().await;
    assert!(
        matches!(refused, Err(PullError::Guest(GuestError::NoCommits))),
        "{refused:?}"
    );
    assert_eq!(
        scene.backend_state().await,
        BottleState::Preserved,
        "whatever happens"
    );
}

#[tokio::test]
async fn commits_of_the_users_own_are_never_lost() {
    let scene = Scene::running().await;
    commit(&scene.workspace(), "second");
    scene.pull().await.unwrap();
    let repository = scene.repository();
    git(&repository, &["switch", "--quiet", BRANCH]);
    commit(&scene.workspace(), "third");
    let refused = scene.pull().await;
    assert!(
        matches!(
            refused,
            Err(PullError::Repository(RepositoryError::CheckedOut { .. }))
        ),
        "{refused:?}"
    );
    let mine = commit(&repository, "mine");
    git(&repository, &["switch", "--quiet", "main"]);
    let refused = scene.pull().await;
    assert!(
        matches!(
            refused,
            Err(PullError::Repository(RepositoryError::MovedOn { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(branch(&scene), mine);
}

#[tokio::test]
async fn a_branch_that_stands_for_another_one_moves_neither() {
    let scene = Scene::running().await;
    let repository = scene.repository();
    let before = git(&repository, &["rev-parse", "main"]);
    git(
        &repository,
        &["symbolic-ref", "refs/heads/bottle/demo-1", "refs/heads/main"],
    );
    commit(&scene.workspace(), "second");
    let refused = scene.pull().await;
    assert!(
        matches!(
            refused,
            Err(PullError::Repository(RepositoryError::Symbolic { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(git(&repository, &["rev-parse", "main"]), before);
}

#[tokio::test]
async fn a_repository_is_the_one_that_is_named_or_this_folders() {
    let scene = Scene::running().await;
    let tip = commit(&scene.workspace(), "second");
    let elsewhere = scene.path("elsewhere");
    let refused = scene
        .pull_as(|request| request.repository = Some(elsewhere.clone()))
        .await;
    assert!(
        matches!(refused, Err(PullError::Repository(RepositoryError::None { .. }))),
        "{refused:?}"
    );
    git(&elsewhere, &["init", "--quiet"]);
    let pulled = scene
        .pull_as(|request| request.repository = Some(elsewhere.clone()))
        .await
        .unwrap();
    assert_eq!((pulled.chosen, pulled.commits), (Chosen::Named, 2));
    std::fs::remove_dir_all(scene.repository()).unwrap();
    let pulled = scene.pull().await.unwrap();
    assert_eq!((pulled.chosen, pulled.outcome), (Chosen::Current, Outcome::Same));
    assert_eq!(git(&elsewhere, &["rev-parse", BRANCH]), tip);
}

#[tokio::test]
async fn one_pull_of_a_bottle_runs_at_a_time_and_what_a_killed_one_left_is_cleared() {
    let scene = Scene::running().await;
    commit(&scene.workspace(), "second");
    let place = Place::take(&scene.state()).unwrap();
    assert!(matches!(scene.pull().await, Err(PullError::State(_))));
    drop(place);
    let left = scene.state().path().join("pull");
    std::fs::create_dir_all(left.join("quarantine/objects")).unwrap();
    scene.pull().await.unwrap();
    assert!(!left.exists());
}

#[tokio::test]
async fn files_come_without_a_repository() {
    let scene = Scene::running().await;
    std::fs::write(scene.workspace().join("draft"), "words").unwrap();
    scene.preserve().await;
    scene.pull_files("files").await.unwrap();
    assert_eq!(scene.backend_state().await, BottleState::Preserved);
    let read = std::fs::read_to_string(scene.path("files/draft")).unwrap();
    assert_eq!(
        (read.as_str(), scene.path("files/.git").exists()),
        ("words", false)
    );
    let again = scene.pull_files("files").await;
    assert!(
        matches!(again, Err(PullError::Files(FilesError::NotEmpty(_)))),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_workspace_that_is_no_repository_is_said() {
    let scene = Scene::running().await;
    std::fs::remove_dir_all(scene.workspace().join(".git")).unwrap();
    let refused = scene.pull().await;
    assert!(
        matches!(refused, Err(PullError::Guest(GuestError::NoRepository { .. }))),
        "{refused:?}"
    );
    let hint = refused.unwrap_err().hint(&"demo-1".parse().unwrap()).unwrap();
    assert!(hint.contains("--files"), "{hint}");
}
