//! The handle on one running bottle.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bottle_backend::files::TarOwner;
use bottle_backend::{
    AgentSession, Bottle, ControlError, CopyError, CopyOwner, EngineError, ExecCommand, ExecError,
    ExecOutput, Host, PutFile, TerminalSize,
};
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::control;
use crate::engine::Engine;
use crate::exec::open_session;
use crate::guest_exec::{collected, guest_exec};
use crate::labels::{self, GuestFacts};
use crate::objects::Kind;
use crate::watch::Watch;
use crate::{copy, halt, refused, remove, workspace};

/// One bottle of two containers.
#[derive(Debug)]
pub(crate) struct DockerBottle {
    pub(crate) engine: Engine,
    pub(crate) host: Host,
    pub(crate) identity: Identity,
    pub(crate) agent: String,
    pub(crate) sidecar: String,
    pub(crate) guest: GuestFacts,
    pub(crate) _watch: Watch,
}

impl DockerBottle {
    fn owner(&self, owner: CopyOwner) -> TarOwner {
        match owner {
            CopyOwner::Root => TarOwner { uid: 0, gid: 0 },
            CopyOwner::Agent => TarOwner {
                uid: self.guest.user.uid,
                gid: self.guest.user.gid,
            },
        }
    }
}

#[async_trait]
impl Bottle for DockerBottle {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        collected(&self.engine, &self.agent, self.guest.user, command).await
    }

    async fn exec_agent(
        &self,
        command: &ExecCommand,
        terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        let program = command.argv.first().ok_or(ExecError::Empty)?;
        let exec = guest_exec(command, self.guest.user, terminal, None);
        open_session(&self.engine, &self.agent, program, &exec).await
    }

    async fn put(&self, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError> {
        copy::put(&self.engine, &self.agent, files, self.owner(owner)).await
    }

    async fn cp_in(&self, host: &Path, guest: &GuestPath, owner: CopyOwner) -> Result<(), CopyError> {
        copy::copy_in(&self.engine, &self.agent, host, guest, self.owner(owner)).await
    }

    async fn cp_out(&self, guest: &GuestPath, host: &Path) -> Result<(), CopyError> {
        copy::copy_out(&self.engine, &self.agent, guest, host).await
    }

    async fn control(&self, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        control::ask(&self.engine, &self.sidecar, &self.identity, request).await
    }

    async fn halt(&self) -> Result<(), EngineError> {
        halt::halt(&self.engine, &self.agent).await
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        let containers = (self.agent.as_str(), self.sidecar.as_str());
        workspace::changed(&self.engine, containers, &self.guest).await
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        self.halt().await?;
        let kind = Kind::Container { running: true };
        let removed = remove::remove(&self.engine, kind, &self.sidecar).await;
        removed.map_err(|error| refused("remove the sidecar", error))
    }

    async fn close(&self) -> Result<(), EngineError> {
        let filter = labels::filter(&self.identity);
        let removed = remove::remove_all(&self.engine, filter, |object| self.host.owns(&object.owner)).await;
        removed.map_err(|error| refused("remove the bottle", error))
    }
}

/// The most time that one question to a sidecar may take.
pub(crate) const CONTROL_LIMIT: Duration = Duration::from_secs(20);
