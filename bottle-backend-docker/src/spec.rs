//! What the engine is asked to make, as values of pure functions: reviewers read their snapshots.

mod agent;
mod hardening;
mod seccomp;
mod sidecar;
#[cfg(test)]
mod tests;

pub(crate) use agent::{AgentSpec, agent_container};
pub(crate) use hardening::{attached_networks, confirm, our_security_options};
pub(crate) use sidecar::{CONTROL, SIDECAR, sidecar_container};

use std::collections::HashMap;

use bollard::models::{
    HealthConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use bottle_backend::Owner;

use crate::labels::{self, Part};

/// Where the doors volume lies in both containers.
pub(crate) const DOORS: &str = "/doors";
/// The relay, which the sidecar puts into the doors volume.
pub(crate) const RELAY: &str = "/doors/relay";
/// The user that the relay runs as; no agent code ever does.
pub(crate) const RELAY_USER: &str = "64001:64001";

/// Cores of this size are not written, and handed to no program of the host's either: of none they are (core(5)).
const NO_CORE: i64 = 1;

/// A volume of the bottle's own. The engine makes it, with these labels, when the container is created.
pub(crate) fn volume(name: &str, target: &str, read_only: bool, owner: &Owner, part: Part) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(name.to_owned()),
        typ: Some(MountType::VOLUME),
        read_only: Some(read_only),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            labels: Some(labels::of(owner, part)),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

/// Whatever the image says, the engine runs nothing of its own accord.
fn no_health_check() -> HealthConfig {
    HealthConfig {
        test: Some(vec!["NONE".to_owned()]),
        ..HealthConfig::default()
    }
}

/// What init and relay say about themselves, at most a megabyte of it.
fn small_log() -> HostConfigLogConfig {
    HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(HashMap::from([
            ("max-size".to_owned(), "1m".to_owned()),
            ("max-file".to_owned(), "1".to_owned()),
        ])),
    }
}

fn never_restarted() -> RestartPolicy {
    RestartPolicy {
        name: Some(RestartPolicyNameEnum::NO),
        maximum_retry_count: None,
    }
}

/// No system call can choose another size: the filter sees to that.
fn no_core_dumps() -> ResourcesUlimits {
    ResourcesUlimits {
        name: Some("core".to_owned()),
        soft: Some(NO_CORE),
        hard: Some(NO_CORE),
    }
}
