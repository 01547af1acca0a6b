//! What shuts a container in, and the engine's own word that it holds.

use bollard::models::{ContainerInspectResponse, HostConfig, Mount, MountPoint};

use super::seccomp::PROFILE;

const NO_NEW_PRIVILEGES: &str = "no-new-privileges:true";

/// Returns the security options of both containers.
pub(crate) fn our_security_options() -> Vec<String> {
    vec![NO_NEW_PRIVILEGES.to_owned(), format!("seccomp={PROFILE}")]
}

/// Compares what the engine says of the agent's container with what it was asked for. Returns what differs, in
/// words; nothing when all holds.
pub(crate) fn confirm(container: &ContainerInspectResponse, asked: &HostConfig) -> Vec<String> {
    let mut findings = Vec::new();
    let Some(host) = &container.host_config else {
        return vec!["the engine says nothing of how the container is shut in".to_owned()];
    };
    findings.extend(network(container, host));
    findings.extend(privileges(host));
    findings.extend(covers(host, asked));
    findings.extend(mounts(container, asked));
    findings.extend(limits(host, asked));
    findings
}

fn network(container: &ContainerInspectResponse, host: &HostConfig) -> Option<String> {
    if host.network_mode.as_deref() != Some("none") {
        return Some(format!("the network mode is {:?}", host.network_mode));
    }
    attached_networks(container)
}

/// Says to which networks a container was attached, if any.
pub(crate) fn attached_networks(container: &ContainerInspectResponse) -> Option<String> {
    let settings = container.network_settings.as_ref()?;
    let foreign: Vec<&str> = settings
        .networks
        .iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != "none")
        .collect();
    (!foreign.is_empty()).then(|| format!("it is attached to {}", foreign.join(", ")))
}

fn privileges(host: &HostConfig) -> Vec<String> {
    let mut findings = Vec::new();
    let mut check = |holds: bool, finding: &str| {
        if !holds {
            findings.push(finding.to_owned());
        }
    };
    let empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    let unset = |mode: &Option<String>| mode.as_deref().is_none_or(str::is_empty);
    let options = host.security_opt.as_deref().unwrap_or_default();
    check(
        our_security_options()
            .iter()
            .all(|option| options.contains(option)),
        "the system call filter or no-new-privileges is missing",
    );
    check(
        options.len() == 2,
        "there are security options beyond the asked ones",
    );
    check(
        host.cap_drop
            .as_ref()
            .is_some_and(|dropped| dropped.iter().any(|cap| cap == "ALL")),
        "capabilities were not dropped",
    );
    check(empty(&host.cap_add), "capabilities were added");
    check(host.privileged != Some(true), "it is privileged");
    check(host.devices.as_ref().is_none_or(Vec::is_empty), "it has devices");
    check(
        host.device_requests.as_ref().is_none_or(Vec::is_empty),
        "it requests devices",
    );
    check(empty(&host.group_add), "it has further groups");
    check(unset(&host.pid_mode), "it shares a process namespace");
    check(
        host.ipc_mode.as_deref() == Some("private"),
        "it shares an IPC namespace",
    );
    check(unset(&host.uts_mode), "it shares a UTS namespace");
    findings
}

/// Engines that say nothing of it cover what they cover by themselves.
fn covers(host: &HostConfig, asked: &HostConfig) -> Option<String> {
    let found = host.masked_paths.as_ref()?;
    let missing = asked
        .masked_paths
        .iter()
        .flatten()
        .find(|path| !found.contains(path));
    missing.map(|path| format!("{path} is not masked"))
}

/// The mounts must be ours, all of them and no other.
fn mounts(container: &ContainerInspectResponse, asked: &HostConfig) -> Vec<String> {
    let found = container.mounts.as_deref().unwrap_or_default();
    let asked = asked.mounts.as_deref().unwrap_or_default();
    let extra = found
        .iter()
        .filter(|mount| !asked.iter().any(|ours| is_same(ours, mount)))
        .map(|mount| {
            format!(
                "{} is mounted",
                mount.destination.as_deref().unwrap_or("something")
            )
        });
    let missing = asked
        .iter()
        .filter(|ours| !found.iter().any(|mount| is_same(ours, mount)))
        .map(|ours| {
            format!(
                "{} is not mounted as asked",
                ours.target.as_deref().unwrap_or("a volume")
            )
        });
    extra.chain(missing).collect()
}

fn is_same(asked: &Mount, found: &MountPoint) -> bool {
    let source = match found.name.as_deref() {
        Some(name) if !name.is_empty() => Some(name),
        _ => found.source.as_deref().filter(|source| !source.is_empty()),
    };
    asked.target == found.destination
        && asked.source.as_deref() == source
        && asked.read_only.map(|read_only| !read_only) == found.rw
}

/// Limits that nothing was said of are not looked at.
fn limits(host: &HostConfig, asked: &HostConfig) -> Vec<String> {
    let mut findings = Vec::new();
    if asked.memory.is_some() && host.memory != asked.memory {
        findings.push("the memory limit is not in force".to_owned());
    }
    if asked.pids_limit.is_some() && host.pids_limit != asked.pids_limit {
        findings.push("the limit on processes is not in force".to_owned());
    }
    findings
}
