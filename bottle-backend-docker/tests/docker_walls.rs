//! What a guest cannot reach, and where secrets are not to be found.

#![expect(clippy::unwrap_used, reason = "tests")]

mod harness;

use std::time::Duration;

use bollard::Docker as Client;
use bollard::container::LogOutput;
use bollard::models::{NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::{EventsOptionsBuilder, LogsOptionsBuilder};
use bottle_backend::conformance::Harness;
use bottle_backend::{Bottle, BottleState, ExecCommand, Quiet};
use bottle_plan::names::Identity;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_util::Secret;
use bottle_wire::boot::WireSecret;
use futures_util::TryStreamExt;
use harness::{Docker, docker};

const TOKEN: &str = "sk-a-real-token-that-nobody-may-see";
const VARIABLE: &str = "a-variable-for-one-command";

fn client() -> Client {
    let socket = harness::socket();
    Client::connect_with_unix(socket.to_str().unwrap(), 60, bollard::API_DEFAULT_VERSION).unwrap()
}

async fn start(harness: &Docker, name: &str) -> Box<dyn Bottle> {
    let identity: Identity = format!("walls-{name}-{}", std::process::id()).parse().unwrap();
    let plan = harness.plan(&identity, WorkspaceSource::None, Resources::default());
    let mut materials = harness.materials(&identity);
    let secret = WireSecret(Secret::from(TOKEN.to_owned()));
    materials
        .boot
        .egress
        .tokens
        .insert("bottle-token-1".parse().unwrap(), secret);
    harness.backend().launch(&plan, materials, &Quiet).await.unwrap()
}

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the clock that the engine reads"
)]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

async fn sh(bottle: &dyn Bottle, script: &str) -> String {
    let done = bottle
        .exec(&ExecCommand::agent(["/bin/sh", "-c", script]))
        .await
        .unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    )
}

/// Everything that the engine says about a container.
async fn all_the_engine_says(container: &str) -> String {
    let client = client();
    let seen = client.inspect_container(container, None).await.unwrap();
    let mut text = serde_json::to_string(&seen).unwrap();
    for exec in seen.exec_ids.into_iter().flatten() {
        let seen = client.inspect_exec(&exec).await.unwrap();
        text += &serde_json::to_string(&seen).unwrap();
    }
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
    let logs: Vec<LogOutput> = client.logs(container, Some(options)).try_collect().await.unwrap();
    for line in logs {
        text += &String::from_utf8_lossy(&line.into_bytes());
    }
    let image = seen.image.unwrap();
    text += &serde_json::to_string(&client.inspect_image(&image).await.unwrap()).unwrap();
    text += &serde_json::to_string(&client.image_history(&image).await.unwrap()).unwrap();
    text
}

#[tokio::test]
async fn no_secret_is_where_it_can_be_read() {
    let Some(harness) = docker("no_secret_is_where_it_can_be_read").await else {
        return;
    };
    let client = client();
    let since = now();
    let bottle = start(&harness, "secrets").await;
    let name = "BOTTLE_TEST".parse().unwrap();
    let command = ExecCommand::agent(["/bin/sh", "-c", "sleep 2; test -n \"$BOTTLE_TEST\""])
        .with_env(vec![(name, Secret::from(VARIABLE.to_owned()))]);
    let done = bottle.exec(&command);
    let seen = async {
        let mut text = String::new();
        for part in ["agent", "sidecar"] {
            text += &all_the_engine_says(&format!("bottle-{}-{part}", bottle.identity())).await;
        }
        text
    };
    let (done, seen) = tokio::join!(done, seen);
    assert_eq!(done.unwrap().status, 0);
    assert!(seen.contains("/doors/relay"), "the engine said nothing");
    let until = now() + 1;
    let options = EventsOptionsBuilder::default()
        .since(&since.to_string())
        .until(&until.to_string())
        .build();
    let events: Vec<_> = client.events(Some(options)).try_collect().await.unwrap();
    let events = format!("{events:?}");
    assert!(events.contains("exec_create"), "the engine told no events");
    for secret in [TOKEN, VARIABLE] {
        assert!(!seen.contains(secret));
        assert!(!events.contains(secret));
    }
    let inside = sh(&*bottle, "cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; grep -rs sk-a- /etc /home /tmp /doors").await;
    assert!(inside.contains("HTTPS_PROXY") && !inside.contains("real-token") && !inside.contains(VARIABLE));
    bottle.close().await.unwrap();
}

#[tokio::test]
async fn a_guest_that_gets_a_network_is_stopped() {
    let Some(harness) = docker("a_guest_that_gets_a_network_is_stopped").await else {
        return;
    };
    let bottle = start(&harness, "network").await;
    let container = format!("bottle-{}-agent", bottle.identity());
    let client = client();
    let disconnect = NetworkDisconnectRequest {
        container: container.clone(),
        force: Some(true),
    };
    client.disconnect_network("none", disconnect).await.unwrap();
    let connect = NetworkConnectRequest {
        container: container.clone(),
        endpoint_config: None,
    };
    client.connect_network("bridge", connect).await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(10), async {
        while client
            .inspect_container(&container, None)
            .await
            .unwrap()
            .state
            .unwrap()
            .running
            == Some(true)
        {
            tokio::task::yield_now().await;
        }
    });
    stopped.await.expect("the guest still runs");
    let opened = harness.backend().open(bottle.identity()).await;
    assert!(opened.is_err());
    let listed = harness.backend().list().await.unwrap();
    let ours = listed
        .iter()
        .find(|active| active.identity == *bottle.identity())
        .unwrap();
    assert_eq!(ours.state, BottleState::Degraded);
    bottle.close().await.unwrap();
}

#[tokio::test]
async fn control_channel_not_in_guest() {
    let Some(harness) = docker("control_channel_not_in_guest").await else {
        return;
    };
    let bottle = start(&harness, "control").await;
    assert_eq!(sh(&*bottle, "ls /doors").await, "egress.sock\nrelay\n");
    assert_eq!(
        sh(&*bottle, "find / -xdev -type s 2>/dev/null; find /doors -type s").await,
        "/doors/egress.sock\n"
    );
    let tried = sh(
        &*bottle,
        "touch /doors/x; rm -f /doors/egress.sock; ls /run/bottle /events",
    )
    .await;
    assert!(
        tried.contains("Read-only file system") && tried.contains("/run/bottle") && tried.contains("/events"),
        "{tried}"
    );
    bottle.close().await.unwrap();
}

#[tokio::test]
async fn system_calls_that_reach_past_the_walls_are_refused() {
    let Some(harness) = docker("system_calls_that_reach_past_the_walls_are_refused").await else {
        return;
    };
    let bottle = start(&harness, "calls").await;
    let families =
        "for my $f (1,2,10,16,17,29,31,38,40,44) { print \"$f \" if socket(my $s, $f, $f == 16 ? 3 : 1, 0) }";
    let open = bottle
        .exec(&ExecCommand::agent(["perl", "-e", families]))
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&open.stdout), "1 2 10 16 ");
    // x86_64: io_uring_setup, keyctl, add_key, bpf, userfaultfd, unshare, setns, mount, perf_event_open, ptrace(TRACEME)
    let calls = "for my $n (425,250,248,321,323,272,308,165,298) { $! = 0; my $r = syscall($n, 0x10000000, 0, 0, 0, 0); print \"$n=$r \" if $r != -1 or $!+0 != 1 }";
    let refused = bottle
        .exec(&ExecCommand::agent(["perl", "-e", calls]))
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&refused.stdout), "");
    for (flags, what) in [
        ("0x10000011", "a user namespace"),
        ("0x40000011", "a network namespace"),
    ] {
        let clone = format!("exit(syscall(56, {flags}, 0, 0, 0, 0) == -1 && $!+0 == 1 ? 0 : 1)");
        assert_eq!(
            bottle
                .exec(&ExecCommand::agent(["perl", "-e", &clone]))
                .await
                .unwrap()
                .status,
            0,
            "{what}"
        );
    }
    let status = sh(
        &*bottle,
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status",
    )
    .await;
    assert_eq!(
        status.replace('\t', " "),
        "CapEff: 0000000000000000\nCapBnd: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n"
    );
    bottle.close().await.unwrap();
}

#[tokio::test]
async fn the_relay_cannot_be_touched_by_the_agent() {
    let Some(harness) = docker("the_relay_cannot_be_touched_by_the_agent").await else {
        return;
    };
    let bottle = start(&harness, "relay").await;
    let tried = sh(
        &*bottle,
        "kill -9 1; kill -STOP 1; cat /proc/1/environ /proc/1/mem; ls /proc/1/fd /proc/1/root",
    )
    .await;
    assert_eq!(
        tried.matches("Permission denied").count() + tried.matches("not permitted").count(),
        6,
        "{tried}"
    );
    let root = ExecCommand::root(["/bin/sh", "-c", "kill -9 1; cat /proc/1/environ"]);
    assert_ne!(bottle.exec(&root).await.unwrap().status, 0);
    assert_eq!(
        sh(
            &*bottle,
            "timeout 5 bash -c 'exec 3<>/dev/tcp/egress/9099' && echo alive"
        )
        .await,
        "alive\n"
    );
    bottle.close().await.unwrap();
}

#[tokio::test]
async fn a_bound_on_the_disk_that_cannot_be_kept_is_refused_before_anything_is_made() {
    let name = "a_bound_on_the_disk_that_cannot_be_kept_is_refused_before_anything_is_made";
    let Some(harness) = docker(name).await else { return };
    let identity: Identity = format!("walls-disk-{}", std::process::id()).parse().unwrap();
    let resources = Resources {
        disk: Some("1g".parse().unwrap()),
        ..Resources::default()
    };
    let plan = harness.plan(&identity, WorkspaceSource::None, resources);
    let started = harness
        .backend()
        .launch(&plan, harness.materials(&identity), &Quiet)
        .await;
    match started {
        // This engine has quotas.
        Ok(bottle) => bottle.close().await.unwrap(),
        Err(error) => {
            assert!(error.to_string().contains("resources.disk"), "{error}");
            assert!(error.to_string().contains("pquota"), "{error}");
            let left = harness.backend().prepare_cleanup().await.unwrap();
            assert!(!left.leftovers.iter().any(|left| left.name.contains("walls-disk")));
        }
    }
}
