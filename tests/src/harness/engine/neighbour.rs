//! Containers that a test puts beside those of a bottle.

use anyhow::{Context, Result};
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType};
use bollard::query_parameters::{CreateContainerOptionsBuilder, InspectContainerOptions};

use super::{Engine, IDENTITY};

/// The image that ours are built on, which every machine with these tests has.
const BASE: &str = "debian:bookworm-slim";

/// What attempts need besides what the engine gives by itself. A privileged container would have it all, but does not
/// start where the engine lacks a capability itself.
const CAPABILITIES: [&str; 5] = [
    "SYS_ADMIN",
    "SYS_PTRACE",
    "SYSLOG",
    "NET_ADMIN",
    "DAC_READ_SEARCH",
];
const NO_FILTERS: [&str; 2] = ["seccomp=unconfined", "apparmor=unconfined"];

/// A container without walls that does nothing but wait for commands: one in which what must fail in a bottle
/// can succeed, or that looks into a bottle.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its image.
    pub image: String,
    /// The engine's name of its network.
    pub network: String,
    /// The container whose processes it sees.
    pub processes_of: Option<String>,
    /// A volume and where it lies.
    pub volume: Option<(String, String)>,
}

impl Default for Neighbour {
    /// A container of the base image as the engine makes it by itself, on the default bridge.
    fn default() -> Self {
        Self {
            image: BASE.to_owned(),
            network: "bridge".to_owned(),
            processes_of: None,
            volume: None,
        }
    }
}

impl Engine {
    /// Starts a container that belongs to a label of the test's own; returns its name.
    pub fn start_neighbour(&self, label: &str, neighbour: &Neighbour) -> Result<String> {
        let name = format!("{label}-neighbour");
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        self.runtime.block_on(async {
            let body = body(label, neighbour);
            let created = self.docker.create_container(Some(options), body).await?;
            self.docker.start_container(&created.id, None).await
        })?;
        Ok(name)
    }

    /// The address of a container on the default bridge.
    pub fn address(&self, container: &str) -> Result<std::net::IpAddr> {
        let inspected = self
            .docker
            .inspect_container(container, None::<InspectContainerOptions>);
        let inspected = self.runtime.block_on(inspected)?;
        let networks = inspected
            .network_settings
            .and_then(|settings| settings.networks)
            .unwrap_or_default();
        let address = networks
            .get("bridge")
            .and_then(|bridge| bridge.ip_address.as_deref());
        let address = address.filter(|address| !address.is_empty());
        let address = address.with_context(|| format!("{container} is not on the bridge"))?;
        Ok(address.parse()?)
    }
}

fn body(label: &str, neighbour: &Neighbour) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(neighbour.image.clone()),
        entrypoint: Some(["sleep", "3600"].map(str::to_owned).into()),
        user: Some("0:0".to_owned()),
        labels: Some([(IDENTITY.to_owned(), label.to_owned())].into()),
        host_config: Some(HostConfig {
            network_mode: Some(neighbour.network.clone()),
            pid_mode: neighbour
                .processes_of
                .as_ref()
                .map(|container| format!("container:{container}")),
            cap_add: Some(CAPABILITIES.map(str::to_owned).into()),
            security_opt: Some(NO_FILTERS.map(str::to_owned).into()),
            masked_paths: Some(Vec::new()),
            init: Some(true),
            mounts: neighbour
                .volume
                .as_ref()
                .map(|(name, path)| vec![mount(name, path)]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn mount(name: &str, path: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(name.to_owned()),
        target: Some(path.to_owned()),
        ..Mount::default()
    }
}
