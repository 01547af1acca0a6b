//! The container that serves the doors.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountVolumeOptions};
use bottle_backend::Owner;

use super::{
    DOORS, never_restarted, no_core_dumps, no_health_check, our_security_options, small_log, volume,
};
use crate::labels::{self, Part};
use crate::names::Names;

/// The program, in an image that holds little else.
pub(crate) const SIDECAR: &str = "/bottle-sidecar";
/// Where `ctl` finds init: on a file system that no other container can mount.
pub(crate) const CONTROL: &str = "/run/bottle/control.sock";
/// The sidecar's own volume.
const EVENTS: &str = "/events";
/// A folder in it that init makes, for itself alone.
const EVENT_LOG: &str = "/events/log";
/// Memory of all doors together: 256 MiB.
const MEMORY: i64 = 256 << 20;
/// Processes and threads of all doors together.
const PIDS: i64 = 512;
/// Where the git gate keeps its mirrors, on a volume that begins with what the image has in its place: an empty folder of
/// that door's user.
const MIRRORS: &str = "/git";
/// Memory of all doors where there is a git gate, which packs and unpacks: 2 GiB.
const MEMORY_WITH_GIT: i64 = 2 << 30;

/// A network, no port of its own, nothing writable but its volumes. Secrets reach it over its standard input.
pub(crate) fn sidecar_container(
    owner: &Owner,
    names: &Names,
    image: &str,
    with_git: bool,
) -> ContainerCreateBody {
    let mut command = vec![
        SIDECAR,
        "init",
        "--control",
        CONTROL,
        "--events",
        EVENT_LOG,
        "--doors",
        DOORS,
    ];
    if with_git {
        command.extend(["--git", MIRRORS]);
    }
    ContainerCreateBody {
        hostname: Some("sidecar".to_owned()),
        user: Some("0:0".to_owned()),
        entrypoint: Some(command.iter().map(|&word| word.to_owned()).collect()),
        cmd: Some(Vec::new()),
        working_dir: Some("/".to_owned()),
        healthcheck: Some(no_health_check()),
        image: Some(image.to_owned()),
        labels: Some(labels::of(owner, Part::Sidecar)),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(10),
        tty: Some(false),
        open_stdin: Some(true),
        // The stream stays open when it is let go of, so that a restarted sidecar can be fed again.
        stdin_once: Some(false),
        host_config: Some(host_config(owner, names, with_git)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(owner: &Owner, names: &Names, with_git: bool) -> HostConfig {
    let mut mounts = vec![
        filled(volume(&names.doors, DOORS, false, owner, Part::Doors)),
        volume(&names.events, EVENTS, false, owner, Part::Events),
    ];
    if with_git {
        mounts.push(filled(volume(
            &names.mirrors,
            MIRRORS,
            false,
            owner,
            Part::Mirrors,
        )));
    }
    let memory = if with_git { MEMORY_WITH_GIT } else { MEMORY };
    let capability = |name: &&str| (*name).to_owned();
    HostConfig {
        network_mode: Some("bridge".to_owned()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        // What init needs to give each door a user of its own, and to end it.
        cap_add: Some(["SETUID", "SETGID", "KILL"].iter().map(capability).collect()),
        security_opt: Some(our_security_options()),
        ipc_mode: Some("private".to_owned()),
        privileged: Some(false),
        init: Some(false),
        readonly_rootfs: Some(true),
        tmpfs: Some(HashMap::from([(
            "/run/bottle".to_owned(),
            "rw,nosuid,nodev,noexec,mode=0700,size=1m".to_owned(),
        )])),
        mounts: Some(mounts),
        log_config: Some(small_log()),
        restart_policy: Some(never_restarted()),
        memory: Some(memory),
        memory_swap: Some(memory),
        pids_limit: Some(PIDS),
        ulimits: Some(vec![no_core_dumps()]),
        ..HostConfig::default()
    }
}

/// A volume that begins with what the image has in its place: the relay.
fn filled(mount: Mount) -> Mount {
    let options = mount.volume_options.map(|options| MountVolumeOptions {
        no_copy: Some(false),
        ..options
    });
    Mount {
        volume_options: options,
        ..mount
    }
}
