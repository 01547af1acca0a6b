//! The container that the agent lives in.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig};
use bottle_backend::Owner;
use bottle_backend::environment::guest_environment;
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;
use bottle_plan::egress::TransparentMode;

use super::{
    DOORS, RELAY, RELAY_USER, never_restarted, no_core_dumps, no_health_check, our_security_options,
    small_log, volume,
};
use crate::labels::{self, AgentUser, Part};
use crate::names::Names;
use crate::workspace::Workspace;

/// Processes and threads of a guest whose bottle says nothing.
const DEFAULT_PIDS: i64 = 4096;
/// Memory of a guest whose bottle says nothing: 4 GiB.
const DEFAULT_MEMORY: i64 = 4 << 30;
/// What the kernel tells of the machine, of its memory and of others' keys, and what engines cover by themselves.
const MASKED: [&str; 28] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/cmdline",
    "/proc/config.gz",
    "/proc/interrupts",
    "/proc/iomem",
    "/proc/ioports",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/modules",
    "/proc/mtrr",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/slabinfo",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/vmallocinfo",
    "/sys/block",
    "/sys/class/block",
    "/sys/class/dmi",
    "/sys/dev/block",
    "/sys/devices/virtual/block",
    "/sys/devices/virtual/dmi",
    "/sys/firmware",
];
/// Shared memory, which counts as the guest's own.
const SHARED_MEMORY: i64 = 64 << 20;

/// What the agent's container is made from.
pub(crate) struct AgentSpec<'a> {
    pub(crate) plan: &'a BottlePlan,
    pub(crate) owner: &'a Owner,
    pub(crate) names: &'a Names,
    pub(crate) user: AgentUser,
    /// The engine's id of the image: a tag could be moved meanwhile.
    pub(crate) image: &'a str,
    /// The doors that have somebody behind them.
    pub(crate) doors: &'a [Door],
    pub(crate) workspace: &'a Workspace,
}

/// No network, no capability, the relay as main process.
pub(crate) fn agent_container(spec: &AgentSpec<'_>) -> ContainerCreateBody {
    ContainerCreateBody {
        hostname: Some(spec.plan.identity.to_string()),
        user: Some(RELAY_USER.to_owned()),
        env: Some(environment(spec.plan)),
        entrypoint: Some(vec![RELAY.to_owned()]),
        cmd: Some(relay_arguments(spec.doors, spec.plan.egress.transparent)),
        working_dir: Some("/".to_owned()),
        healthcheck: Some(no_health_check()),
        image: Some(spec.image.to_owned()),
        labels: Some(labels(spec)),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(2),
        tty: Some(false),
        open_stdin: Some(false),
        host_config: Some(host_config(spec)),
        ..ContainerCreateBody::default()
    }
}

/// Returns what the relay is told: a port and a socket for each door, and the one that names are asked of.
fn relay_arguments(doors: &[Door], transparent: TransparentMode) -> Vec<String> {
    let socket = |door: &Door| format!("{DOORS}/{}.sock", door.name());
    let pairs = doors
        .iter()
        .map(|door| format!("{}={}", door.port(), socket(door)));
    let mut arguments: Vec<String> = pairs.collect();
    if transparent.is_on() && doors.contains(&Door::Egress) {
        arguments.extend(["--transparent".to_owned(), socket(&Door::Egress)]);
    }
    // It says what it sees of the guest before the agent runs.
    arguments.push("--report".to_owned());
    arguments
}

fn labels(spec: &AgentSpec<'_>) -> HashMap<String, String> {
    let at = &spec.plan.workspace.guest;
    let mut labels = labels::of_agent(spec.owner, spec.user, at, spec.doors);
    labels.extend(spec.workspace.labels.clone());
    labels
}

fn environment(plan: &BottlePlan) -> Vec<String> {
    guest_environment(plan)
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

fn host_config(spec: &AgentSpec<'_>) -> HostConfig {
    let mut mounts = vec![volume(&spec.names.doors, DOORS, true, spec.owner, Part::Doors)];
    mounts.extend(spec.workspace.mounts.iter().cloned());
    HostConfig {
        network_mode: Some("none".to_owned()),
        extra_hosts: Some(
            Door::ALL
                .iter()
                .map(|door| format!("{}:127.0.0.1", door.name()))
                .collect(),
        ),
        // Nobody else is asked for names, and no domain of the host's is tried: a file of the engine's says so.
        dns: Some(vec!["127.0.0.1".to_owned()]),
        dns_search: Some(vec![".".to_owned()]),
        sysctls: spec.plan.egress.transparent.is_on().then(resolver_port),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(our_security_options()),
        ipc_mode: Some("private".to_owned()),
        privileged: Some(false),
        masked_paths: Some(MASKED.map(str::to_owned).to_vec()),
        init: Some(false),
        mounts: Some(mounts),
        log_config: Some(small_log()),
        restart_policy: Some(never_restarted()),
        shm_size: Some(SHARED_MEMORY),
        ulimits: Some(vec![no_core_dumps()]),
        ..limits(spec.plan)
    }
}

/// The relay has no capability and answers on port 53; these ports are the guest's own, on its own loopback.
fn resolver_port() -> HashMap<String, String> {
    HashMap::from([("net.ipv4.ip_unprivileged_port_start".to_owned(), "0".to_owned())])
}

fn limits(plan: &BottlePlan) -> HostConfig {
    let resources = &plan.resources;
    let memory = resources.memory.map_or(DEFAULT_MEMORY, |size| {
        i64::try_from(size.bytes()).unwrap_or(i64::MAX)
    });
    HostConfig {
        memory: Some(memory),
        // Memory and swap together: no swap.
        memory_swap: Some(memory),
        pids_limit: Some(resources.pids.map_or(DEFAULT_PIDS, i64::from)),
        nano_cpus: resources.millicpus.map(|cpus| i64::from(cpus) * 1_000_000),
        storage_opt: resources
            .disk
            .map(|size| HashMap::from([("size".to_owned(), size.bytes().to_string())])),
        ..HostConfig::default()
    }
}
