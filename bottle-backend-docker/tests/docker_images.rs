//! Images: what builds see, what they leave behind, and what of an image has no say in a guest.

#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

use std::sync::Mutex;

use bollard::Docker as Client;
use bollard::query_parameters::RemoveImageOptions;
use bottle_backend::conformance::Harness;
use bottle_backend::{
    Bottle, Canceller, CleanupPlan, ExecCommand, LaunchError, LaunchMaterials, Progress, launch,
};
use bottle_plan::BottlePlan;
use bottle_plan::image::{BuildContext, ImageSource};
use bottle_plan::names::Identity;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use harness::{Docker, docker};

/// Keeps what a start says.
#[derive(Default)]
struct Heard {
    steps: Mutex<Vec<String>>,
    details: Mutex<Vec<String>>,
}

impl Progress for Heard {
    fn step(&self, step: &str) {
        self.steps.lock().unwrap().push(step.to_owned());
    }

    fn detail(&self, line: &str) {
        self.details.lock().unwrap().push(line.to_owned());
    }
}

fn plan(harness: &Docker, name: &str, dockerfile: &str) -> BottlePlan {
    let identity: Identity = format!("images-{name}-{}", std::process::id()).parse().unwrap();
    let mut plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    plan.image.source = ImageSource::Provider {
        dockerfile: dockerfile.to_owned(),
    };
    plan
}

/// Text that makes an image that no earlier run has built.
fn fresh() -> String {
    let now = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
    format!("{}{}", harness::DOCKERFILE, "LABEL run=")
        .trim_end()
        .to_owned()
        + now.trim()
        + "\n"
}

async fn start(
    harness: &Docker,
    plan: &BottlePlan,
    change: impl FnOnce(&mut LaunchMaterials),
) -> (Result<Box<dyn Bottle>, LaunchError>, Heard) {
    let mut materials = harness.materials(&plan.identity);
    change(&mut materials);
    let heard = Heard::default();
    let (_canceller, cancel) = Canceller::new();
    let started = launch(harness.backend(), plan, materials, &heard, cancel).await;
    (started, heard)
}

async fn output(bottle: &dyn Bottle, script: &str) -> String {
    let done = bottle
        .exec(&ExecCommand::agent(["/bin/sh", "-c", script]))
        .await
        .unwrap();
    String::from_utf8(done.stdout).unwrap()
}

/// Ends a bottle and removes its image, which no other test uses.
async fn end(bottle: Box<dyn Bottle>) {
    let name = format!("bottle-{}-agent", bottle.identity());
    let image = client()
        .inspect_container(&name, None)
        .await
        .unwrap()
        .image
        .unwrap();
    bottle.close().await.unwrap();
    let _ = client()
        .remove_image(&image, None::<RemoveImageOptions>, None)
        .await;
}

fn client() -> Client {
    let socket = harness::socket();
    Client::connect_with_unix(socket.to_str().unwrap(), 60, bollard::API_DEFAULT_VERSION).unwrap()
}

#[tokio::test]
async fn an_image_is_built_once() {
    let Some(harness) = docker("an_image_is_built_once").await else {
        return;
    };
    let plan = plan(&harness, "once", &fresh());
    let (first, heard) = start(&harness, &plan, |_| {}).await;
    first.unwrap().close().await.unwrap();
    let steps = heard.steps.into_inner().unwrap();
    assert!(steps.iter().any(|step| step.contains("building")), "{steps:?}");
    let details = heard.details.into_inner().unwrap();
    assert!(
        details
            .iter()
            .any(|line| line.contains("useradd") || line.contains("FROM")),
        "{details:?}"
    );
    let (second, heard) = start(&harness, &plan, |_| {}).await;
    end(second.unwrap()).await;
    let steps = heard.steps.into_inner().unwrap();
    assert!(!steps.iter().any(|step| step.contains("building")), "{steps:?}");
}

#[tokio::test]
async fn an_image_is_in_use_as_long_as_a_guest_is_made_from_it() {
    let Some(harness) = docker("an_image_is_in_use_as_long_as_a_guest_is_made_from_it").await else {
        return;
    };
    let plan = plan(&harness, "unused", &fresh());
    let (started, _) = start(&harness, &plan, |_| {}).await;
    let bottle = started.unwrap();
    let name = format!("bottle-{}-agent", bottle.identity());
    let seen = client().inspect_container(&name, None).await.unwrap();
    let image = client().inspect_image(&seen.image.unwrap()).await.unwrap();
    let tag = image.repo_tags.unwrap().remove(0);
    let backend = harness.backend();
    let found = || async {
        let unused = backend.unused_images().await.unwrap();
        unused.into_iter().find(|leftover| leftover.name == tag)
    };
    assert_eq!(found().await, None, "it runs");
    bottle.preserve().await.unwrap();
    assert_eq!(found().await, None, "it is kept");
    backend.remove(&plan.identity).await.unwrap();
    let leftovers = vec![found().await.unwrap()];
    let plan = CleanupPlan { leftovers };
    let report = backend.cleanup(&plan).await;
    assert!(
        report.failed.is_empty() && report.removed == plan.leftovers,
        "{report:?}"
    );
    assert!(client().inspect_image(&tag).await.is_err());
    assert!(backend.cleanup(&plan).await.failed.is_empty(), "gone is gone");
}

#[tokio::test]
async fn a_failing_build_says_what_it_printed() {
    let Some(harness) = docker("a_failing_build_says_what_it_printed").await else {
        return;
    };
    let dockerfile = fresh() + "RUN echo the reason is this >&2; exit 23\n";
    let plan = plan(&harness, "fails", &dockerfile);
    let (started, _) = start(&harness, &plan, |_| {}).await;
    let Err(LaunchError::Image { reason, log }) = started.map(drop) else {
        panic!("the build should have failed");
    };
    assert!(reason.contains("23"), "{reason}");
    assert!(
        log.iter().any(|line| line.contains("the reason is this")),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_base_that_is_nowhere_is_said() {
    let Some(harness) = docker("a_base_that_is_nowhere_is_said").await else {
        return;
    };
    let plan = plan(&harness, "base", "FROM localhost:1/no/such:image\n");
    let (started, _) = start(&harness, &plan, |_| {}).await;
    let Err(LaunchError::Image { reason, .. }) = started.map(drop) else {
        panic!("the build should have failed");
    };
    assert!(reason.contains("no/such"), "{reason}");
}

#[tokio::test]
async fn the_build_authority_is_seen_by_builds_and_by_nothing_after() {
    let Some(harness) = docker("the_build_authority_is_seen_by_builds_and_by_nothing_after").await else {
        return;
    };
    let dockerfile = fresh()
        + "RUN --mount=type=secret,id=ca sha256sum < /run/secrets/ca > /seen\n\
           RUN --mount=type=secret,id=other test ! -e /run/secrets/other\n\
           RUN env > /env\n";
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, "company authority\n").unwrap();
    let plan = plan(&harness, "ca", &dockerfile);
    let (started, heard) = start(&harness, &plan, |materials| materials.build_ca = Some(bundle)).await;
    let bottle = started.unwrap_or_else(|error| panic!("{error:?} {:?}", heard.details));
    let seen = output(&*bottle, "cat /seen").await;
    assert_eq!(
        seen,
        output(&*bottle, "printf 'company authority\\n' | sha256sum").await
    );
    assert_eq!(
        output(
            &*bottle,
            "grep -rs 'company authority' / --exclude-dir=proc --exclude-dir=sys | wc -l"
        )
        .await
        .trim(),
        "0"
    );
    let env = output(&*bottle, "cat /env").await;
    assert!(!env.contains("CARGO") && !env.contains("company"), "{env}");
    end(bottle).await;
}

#[tokio::test]
async fn a_build_sees_named_files_only() {
    let Some(harness) = docker("a_build_sees_named_files_only").await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("Dockerfile", &(fresh() + "COPY . /context/\n"));
    write("named.txt", "named");
    write("secret.txt", "not named");
    let mut plan = plan(&harness, "files", "");
    plan.image.source = ImageSource::Manifest(BuildContext {
        dockerfile: folder.path().join("Dockerfile"),
        files: vec!["named.txt".into()],
    });
    let (started, _) = start(&harness, &plan, |_| {}).await;
    let bottle = started.unwrap();
    assert_eq!(output(&*bottle, "ls /context").await, "Dockerfile\nnamed.txt\n");
    end(bottle).await;
    for outside in ["../etc", "/etc/passwd", "Dockerfile", "link"] {
        let _ = std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link"));
        plan.image.source = ImageSource::Manifest(BuildContext {
            dockerfile: folder.path().join("Dockerfile"),
            files: vec![outside.into()],
        });
        let (started, _) = start(&harness, &plan, |_| {}).await;
        assert!(
            matches!(started.map(drop), Err(LaunchError::Step { .. })),
            "{outside}"
        );
    }
}

#[tokio::test]
async fn healthcheck_never_runs() {
    let Some(harness) = docker("healthcheck_never_runs").await else {
        return;
    };
    let dockerfile = fresh()
        + "HEALTHCHECK --interval=1s --timeout=1s CMD touch /checked\n\
           ONBUILD RUN touch /built\n\
           ENTRYPOINT [\"/bin/false\"]\nCMD [\"x\"]\nUSER 4711\nWORKDIR /proc/self/fd\nSTOPSIGNAL SIGKILL\n\
           ENV PATH=/evil HTTPS_PROXY=http://evil NODE_VERSION=1\n";
    let plan = plan(&harness, "health", &dockerfile);
    let (started, _) = start(&harness, &plan, |_| {}).await;
    let bottle = started.unwrap();
    let container = client()
        .inspect_container(&format!("bottle-{}-agent", plan.identity), None)
        .await
        .unwrap();
    assert!(container.state.unwrap().health.is_none());
    let config = container.config.unwrap();
    assert_eq!(config.user.as_deref(), Some("64001:64001"));
    assert_eq!(config.entrypoint.unwrap(), ["/doors/relay"]);
    assert_eq!(config.working_dir.as_deref(), Some("/"));
    assert_eq!(
        output(&*bottle, "echo $HTTPS_PROXY $NODE_VERSION").await,
        "http://egress:9099 1\n"
    );
    assert!(!output(&*bottle, "echo $PATH; pwd; id -u").await.contains("evil"));
    let checked = ExecCommand::agent([
        "/bin/sh",
        "-c",
        "for i in 1 2 3 4 5 6; do test -e /checked && exit 1; sleep 0.5; done",
    ]);
    assert_eq!(bottle.exec(&checked).await.unwrap().status, 0);
    end(bottle).await;
}

#[tokio::test]
async fn an_image_with_volumes_of_its_own_is_refused() {
    let Some(harness) = docker("an_image_with_volumes_of_its_own_is_refused").await else {
        return;
    };
    let plan = plan(&harness, "volumes", &(fresh() + "VOLUME /data\n"));
    let (started, _) = start(&harness, &plan, |_| {}).await;
    let Err(LaunchError::Image { reason, .. }) = started.map(drop) else {
        panic!("the image should have been refused");
    };
    assert!(reason.contains("/data"), "{reason}");
}

#[tokio::test]
async fn a_user_that_is_not_the_agents_to_have_is_refused() {
    let Some(harness) = docker("a_user_that_is_not_the_agents_to_have_is_refused").await else {
        return;
    };
    for uid in [0, 64_001, 64_010, 64_012] {
        let mut plan = plan(&harness, "user", harness::DOCKERFILE);
        plan.provider.user.uid = uid;
        let (started, _) = start(&harness, &plan, |_| {}).await;
        assert!(
            matches!(started.map(drop), Err(LaunchError::Unsupported { .. })),
            "{uid}"
        );
    }
}

#[tokio::test]
async fn parallel_starts_build_once() {
    let Some(harness) = docker("parallel_starts_build_once").await else {
        return;
    };
    let dockerfile = fresh();
    let plans = [
        plan(&harness, "a", &dockerfile),
        plan(&harness, "b", &dockerfile),
        plan(&harness, "c", &dockerfile),
    ];
    let started = tokio::join!(
        start(&harness, &plans[0], |_| {}),
        start(&harness, &plans[1], |_| {}),
        start(&harness, &plans[2], |_| {}),
    );
    let mut builds = 0;
    for (bottle, heard) in [started.0, started.1, started.2] {
        let steps = heard.steps.into_inner().unwrap();
        builds += steps.iter().filter(|step| step.contains("building")).count();
        end(bottle.unwrap()).await;
    }
    assert_eq!(builds, 1);
}
