use std::collections::BTreeMap;

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, EndpointSettings, MountPoint, NetworkSettings,
};
use bottle_backend::testing::{SamplePlan, sample_owner};
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use bottle_plan::git::GitGateInsteadOf;
use bottle_plan::image::{ImagePlan, ImageSource};
use bottle_plan::inputs::BackendFacts;
use bottle_plan::names::Name;
use bottle_plan::provider::GuestUser;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use serde_json::Value;

use super::*;
use crate::labels::AgentUser;
use crate::names::Names;

fn plan(resources: Resources) -> BottlePlan {
    let sample = SamplePlan {
        identity: "demo-0a1b2".parse().unwrap(),
        facts: BackendFacts {
            name: Name::from_static("docker"),
            git_gate_insteadof: GitGateInsteadOf::default(),
            supervise_mcp_url: "http://supervise:9100/".to_owned(),
            ssh_agent: false,
        },
        user: GuestUser {
            name: "node".to_owned(),
            uid: 1000,
            gid: 1000,
        },
        guest_home: "/home/node".parse().unwrap(),
        image: ImagePlan {
            source: ImageSource::Provider {
                dockerfile: String::new(),
            },
            reason: String::new(),
        },
        workspace: WorkspaceSource::None,
        resources,
    };
    sample.assemble().unwrap()
}

fn owner() -> Owner {
    Owner {
        pid: 4711,
        ..sample_owner(&"demo-0a1b2".parse().unwrap())
    }
}

fn agent(resources: Resources) -> ContainerCreateBody {
    let plan = plan(resources);
    let names = Names::of(&plan.identity);
    let workspace = crate::workspace::plan(&plan, &owner(), &names).unwrap();
    agent_container(&AgentSpec {
        plan: &plan,
        owner: &owner(),
        names: &names,
        user: AgentUser { uid: 1000, gid: 1000 },
        image: "sha256:agent",
        doors: &[Door::Egress],
        workspace: &workspace,
    })
}

/// Renders a specification with its keys sorted and without the profile, which is a file of its own.
fn rendered(spec: &ContainerCreateBody) -> String {
    let mut value = sorted(serde_json::to_value(spec).unwrap());
    let options = value.pointer_mut("/HostConfig/SecurityOpt").unwrap();
    for option in options.as_array_mut().unwrap() {
        if option.as_str().unwrap().starts_with("seccomp=") {
            *option = Value::from("seccomp=<the profile>");
        }
    }
    serde_json::to_string_pretty(&value).unwrap()
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            serde_json::to_value(sorted).unwrap()
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[test]
fn the_agents_container() {
    insta::assert_snapshot!(rendered(&agent(Resources::default())));
}

#[test]
fn the_agents_container_with_limits() {
    let resources = Resources {
        millicpus: Some(1500),
        memory: Some("512m".parse().unwrap()),
        pids: Some(100),
        disk: Some("10g".parse().unwrap()),
    };
    let limits = rendered(&agent(resources));
    let limits: Value = serde_json::from_str(&limits).unwrap();
    let host = &limits["HostConfig"];
    assert_eq!(host["Memory"], 512 << 20);
    assert_eq!(host["MemorySwap"], 512 << 20);
    assert_eq!(host["PidsLimit"], 100);
    assert_eq!(host["NanoCpus"], 1_500_000_000_u64);
    assert_eq!(host["StorageOpt"]["size"], (10_u64 << 30).to_string());
}

#[test]
fn the_sidecars_container() {
    let names = Names::of(&owner().identity);
    let spec = sidecar_container(&owner(), &names, "sha256:sidecar", false);
    insta::assert_snapshot!(rendered(&spec));
}

#[test]
fn the_sidecars_container_with_a_git_gate() {
    let names = Names::of(&owner().identity);
    let spec = sidecar_container(&owner(), &names, "sha256:sidecar", true);
    insta::assert_snapshot!(rendered(&spec));
}

/// What an engine says of a container that is as it was asked for.
fn obedient(spec: &ContainerCreateBody) -> ContainerInspectResponse {
    let host = spec.host_config.clone().unwrap();
    let mounts = host.mounts.iter().flatten().map(|mount| MountPoint {
        name: mount.source.clone(),
        source: Some("/var/lib/docker/volumes/x/_data".to_owned()),
        destination: mount.target.clone(),
        rw: mount.read_only.map(|read_only| !read_only),
        ..MountPoint::default()
    });
    ContainerInspectResponse {
        mounts: Some(mounts.collect()),
        network_settings: Some(NetworkSettings {
            networks: Some([("none".to_owned(), EndpointSettings::default())].into()),
            ..NetworkSettings::default()
        }),
        host_config: Some(host),
        ..ContainerInspectResponse::default()
    }
}

/// Changes what the engine says and returns what is found.
fn findings(change: impl FnOnce(&mut ContainerInspectResponse)) -> Vec<String> {
    let spec = agent(Resources::default());
    let mut seen = obedient(&spec);
    change(&mut seen);
    confirm(&seen, &spec.host_config.unwrap())
}

#[test]
fn an_engine_that_did_as_it_was_asked_is_believed() {
    assert_eq!(findings(|_| {}), [""; 0]);
}

#[test]
fn an_engine_that_did_otherwise_is_found_out() {
    type Change = fn(&mut ContainerInspectResponse);
    let changes: &[(&str, Change)] = &[
        ("network mode", |seen| {
            host(seen).network_mode = Some("bridge".to_owned());
        }),
        ("attached to evil", |seen| {
            let networks = seen.network_settings.as_mut().unwrap().networks.as_mut().unwrap();
            networks.insert("evil".to_owned(), EndpointSettings::default());
        }),
        ("privileged", |seen| host(seen).privileged = Some(true)),
        ("capabilities were added", |seen| {
            host(seen).cap_add = Some(vec!["SYS_ADMIN".to_owned()]);
        }),
        ("capabilities were not dropped", |seen| host(seen).cap_drop = None),
        ("system call filter", |seen| {
            host(seen).security_opt = Some(vec!["seccomp=unconfined".to_owned()]);
        }),
        ("beyond the asked", |seen| {
            host(seen)
                .security_opt
                .as_mut()
                .unwrap()
                .push("apparmor=unconfined".to_owned());
        }),
        ("process namespace", |seen| {
            host(seen).pid_mode = Some("host".to_owned());
        }),
        ("IPC namespace", |seen| {
            host(seen).ipc_mode = Some("host".to_owned());
        }),
        ("UTS namespace", |seen| {
            host(seen).uts_mode = Some("host".to_owned());
        }),
        ("masked", |seen| host(seen).masked_paths = Some(Vec::new())),
        ("memory limit", |seen| host(seen).memory = Some(0)),
        ("limit on processes", |seen| host(seen).pids_limit = None),
        ("/run/docker.sock is mounted", |seen| {
            seen.mounts.as_mut().unwrap().push(MountPoint {
                destination: Some("/run/docker.sock".to_owned()),
                ..MountPoint::default()
            });
        }),
        ("/doors is mounted", |seen| {
            for mount in seen.mounts.as_mut().unwrap() {
                mount.rw = Some(true);
            }
        }),
        ("is not mounted as asked", |seen| seen.mounts = None),
        ("says nothing", |seen| seen.host_config = None),
    ];
    for (finding, change) in changes {
        let found = findings(change);
        assert!(
            found.iter().any(|found| found.contains(finding)),
            "{finding}: {found:?}"
        );
    }
}

fn host(seen: &mut ContainerInspectResponse) -> &mut bollard::models::HostConfig {
    seen.host_config.as_mut().unwrap()
}
