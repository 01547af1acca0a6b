//! What a test may look at, and must clean up, in the Docker Engine.

mod contents;
mod neighbour;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use bollard::query_parameters::{
    InspectContainerOptions, InspectNetworkOptions, KillContainerOptions, ListContainersOptionsBuilder,
    ListVolumesOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptionsBuilder,
};
use futures_util::{Stream, StreamExt};
use tokio::runtime::Runtime;

pub use self::contents::Contents;
pub use self::neighbour::Neighbour;

use super::running::Finished;
use super::skip::{Reason, skip};

/// The label that names the bottle of an object.
const IDENTITY: &str = "bottle.identity";

/// How long the engine may take to remove a bottle.
const REMOVAL: Duration = Duration::from_secs(30);

/// The engine of this machine.
#[derive(Debug)]
pub struct Engine {
    runtime: Runtime,
    docker: Docker,
}

/// A container or volume that belongs to a bottle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A container.
    Container {
        /// Its name.
        name: String,
        /// Whether it runs.
        running: bool,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: String,
    },
}

impl Engine {
    /// Connects to the engine, or says that this test is skipped for want of one.
    pub fn connect_or_skip(test: &str) -> Result<Option<Self>> {
        match Self::connect() {
            Ok(engine) => Ok(Some(engine)),
            Err(error) => {
                skip(test, Reason::Missing(&format!("no Docker Engine ({error:#})")))?;
                Ok(None)
            }
        }
    }

    /// Connects to the engine.
    pub fn connect() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let connected =
            runtime.block_on(async { Docker::connect_with_local_defaults()?.negotiate_version().await });
        let docker = connected.context("the Docker Engine does not answer")?;
        Ok(Self { runtime, docker })
    }

    /// All that belongs to a bottle, stopped containers included.
    pub fn objects(&self, identity: &str) -> Result<Vec<Object>> {
        self.runtime.block_on(self.objects_of(identity))
    }

    /// Waits until nothing of a bottle is left.
    pub fn wait_until_gone(&self, identity: &str, limit: Duration) -> Result<()> {
        match self
            .runtime
            .block_on(async { tokio::time::timeout(limit, self.gone(identity)).await })
        {
            Ok(gone) => gone,
            Err(_) => bail!("after {limit:?} there is still {:?}", self.objects(identity)?),
        }
    }

    /// Removes all that belongs to a bottle, whatever state it is in.
    pub fn remove_all(&self, identity: &str) -> Result<()> {
        let removed = async {
            while !self.try_to_remove(identity).await?.is_empty() {
                // Somebody else is removing it, or a volume is still held.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok(())
        };
        let limited = async { tokio::time::timeout(REMOVAL, removed).await };
        self.runtime.block_on(limited).context("it stays")?
    }

    /// Asks for the removal of all that is there, and returns what there was.
    async fn try_to_remove(&self, identity: &str) -> Result<Vec<Object>> {
        let objects = self.objects_of(identity).await?;
        for object in &objects {
            let removed = match object {
                Object::Container { name, .. } => {
                    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                    self.docker.remove_container(name, Some(options)).await
                }
                Object::Volume { name } => {
                    let options = RemoveVolumeOptionsBuilder::new().force(true).build();
                    self.docker.remove_volume(name, Some(options)).await
                }
            };
            match removed {
                Err(Error::DockerResponseServerError {
                    status_code: 404 | 409,
                    ..
                }) => {}
                removed => removed?,
            }
        }
        Ok(objects)
    }

    /// Kills a container; one that does not run is killed already.
    pub fn kill(&self, container: &str) -> Result<()> {
        let killed = self
            .docker
            .kill_container(container, None::<KillContainerOptions>);
        match self.runtime.block_on(killed) {
            Err(Error::DockerResponseServerError {
                status_code: 404 | 409 | 500,
                ..
            }) => Ok(()),
            killed => Ok(killed?),
        }
    }

    /// What the engine tells about a container, as one JSON text to search in.
    pub fn inspect(&self, container: &str) -> Result<String> {
        let inspected = self
            .docker
            .inspect_container(container, None::<InspectContainerOptions>);
        Ok(serde_json::to_string(&self.runtime.block_on(inspected)?)?)
    }

    /// What the engine tells about the commands that run in a container beside its first.
    pub fn inspect_execs(&self, container: &str) -> Result<String> {
        self.runtime.block_on(async {
            let options = None::<InspectContainerOptions>;
            let inspected = self.docker.inspect_container(container, options).await?;
            let mut all = Vec::new();
            for exec in inspected.exec_ids.unwrap_or_default() {
                all.push(serde_json::to_string(&self.docker.inspect_exec(&exec).await?)?);
            }
            Ok(all.join("\n"))
        })
    }

    /// What a container has written.
    pub fn logs(&self, container: &str) -> Result<String> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
        let (stdout, stderr) = self
            .runtime
            .block_on(collect(self.docker.logs(container, Some(options))))?;
        Ok(stdout + &stderr)
    }

    /// Runs a command in a container, past everything that Bottle does on the way.
    pub fn exec(&self, container: &str, user: &str, argv: &[&str]) -> Result<Finished> {
        self.runtime.block_on(async {
            let config = ExecConfig {
                attach_stdout: Some(true),
                attach_stderr: Some(true),
                user: Some(user.to_owned()),
                cmd: Some(argv.iter().map(|argument| (*argument).to_owned()).collect()),
                ..ExecConfig::default()
            };
            let exec = self.docker.create_exec(container, config).await?.id;
            let StartExecResults::Attached { output, .. } = self.docker.start_exec(&exec, None).await? else {
                bail!("the engine did not attach");
            };
            let (stdout, stderr) = collect(output).await?;
            let status = self
                .docker
                .inspect_exec(&exec)
                .await?
                .exit_code
                .context("no exit status")?;
            Ok(Finished {
                status: i32::try_from(status)?,
                stdout,
                stderr,
            })
        })
    }

    /// The host's address as containers on the default bridge see it: where a server must listen for the sidecar.
    pub fn gateway(&self) -> Result<IpAddr> {
        let bridge = self
            .docker
            .inspect_network("bridge", None::<InspectNetworkOptions>);
        let bridge = self.runtime.block_on(bridge)?;
        let config = bridge
            .ipam
            .and_then(|ipam| ipam.config)
            .and_then(|all| all.into_iter().next());
        let config = config.context("the default bridge has no addresses")?;
        if let Some(gateway) = config.gateway {
            return Ok(gateway.parse()?);
        }
        // Older engines name the subnet alone; the bridge has its first address.
        let subnet = config.subnet.context("the default bridge has no subnet")?;
        let network: Ipv4Addr = subnet.split('/').next().unwrap_or_default().parse()?;
        Ok(Ipv4Addr::from_bits(network.to_bits() + 1).into())
    }

    async fn objects_of(&self, identity: &str) -> Result<Vec<Object>> {
        let filters = HashMap::from([("label".to_owned(), vec![format!("{IDENTITY}={identity}")])]);
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(&filters)
            .build();
        let containers = self
            .docker
            .list_containers(Some(options))
            .await?
            .into_iter()
            .map(|container| {
                let name = container
                    .names
                    .unwrap_or_default()
                    .into_iter()
                    .next()
                    .unwrap_or_default();
                let running = container
                    .state
                    .is_some_and(|state| state.to_string() == "running");
                Object::Container {
                    name: name.trim_start_matches('/').to_owned(),
                    running,
                }
            });
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let volumes = self
            .docker
            .list_volumes(Some(options))
            .await?
            .volumes
            .unwrap_or_default();
        Ok(containers
            .chain(
                volumes
                    .into_iter()
                    .map(|volume| Object::Volume { name: volume.name }),
            )
            .collect())
    }

    async fn gone(&self, identity: &str) -> Result<()> {
        let mut events = std::pin::pin!(self.docker.events(None));
        while !self.objects_of(identity).await?.is_empty() {
            // An event between the look and the subscription is missed, so never wait for one alone.
            let _ = tokio::time::timeout(Duration::from_millis(500), events.next()).await;
        }
        Ok(())
    }
}

async fn collect(output: impl Stream<Item = Result<LogOutput, Error>>) -> Result<(String, String)> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut output = std::pin::pin!(output);
    while let Some(piece) = output.next().await {
        match piece? {
            LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
            other => stdout.extend_from_slice(&other.into_bytes()),
        }
    }
    Ok((
        String::from_utf8_lossy(&stdout).into_owned(),
        String::from_utf8_lossy(&stderr).into_owned(),
    ))
}
