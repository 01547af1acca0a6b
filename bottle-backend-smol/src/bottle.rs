//! The handle on one bottle.

use std::path::Path;

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, Bottle, ControlError, CopyError, CopyOwner, EngineError, ExecCommand, ExecError,
    ExecOutput, PutFile, TerminalSize,
};
use bottle_host::{Filled, Folder};
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::backend::refused;
use crate::exec;
use crate::guest::Entrance;
use crate::record::GuestRecord;

/// One bottle of one folder.
#[derive(Debug)]
pub(crate) struct SmolBottle {
    identity: Identity,
    folder: Folder<GuestRecord>,
    entrance: Entrance,
}

impl SmolBottle {
    pub(crate) fn new(identity: Identity, folder: Folder<GuestRecord>, entrance: Entrance) -> Self {
        Self {
            identity,
            folder,
            entrance,
        }
    }

    /// Returns a way to the files of a machine, which is started for it if it was halted.
    async fn files(&self, path: &str) -> Result<Entrance, CopyError> {
        let awake = self.entrance.clone().awake().await;
        awake.map_err(|error| bottle_host::guest_failed(path, error))
    }
}

#[async_trait]
impl Bottle for SmolBottle {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        exec::exec(&self.entrance, command).await
    }

    async fn exec_agent(
        &self,
        command: &ExecCommand,
        terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        exec::session(&self.entrance, command, terminal)
    }

    async fn put(&self, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError> {
        bottle_host::put(&self.entrance, files, owner).await
    }

    async fn cp_in(&self, host: &Path, guest: &GuestPath, owner: CopyOwner) -> Result<(), CopyError> {
        let files = self.files(guest.as_str()).await?;
        bottle_host::copy_in(&files, host, guest, owner).await
    }

    async fn cp_out(&self, guest: &GuestPath, host: &Path) -> Result<(), CopyError> {
        bottle_host::copy_out(&self.files(guest.as_str()).await?, guest, host).await
    }

    async fn control(&self, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        bottle_host::ask(&self.folder, &self.identity, request).await
    }

    async fn halt(&self) -> Result<(), EngineError> {
        let stopped = self.entrance.smolvm.stop(&self.entrance.guest.machine).await;
        stopped.map_err(|error| refused("stop the guest", error))
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        let guest = &self.entrance.guest;
        let filled = Filled {
            workspace: &guest.workspace,
            mounted: false,
            digest: guest.digest.as_deref(),
        };
        bottle_host::changed(&self.files(guest.workspace.as_str()).await?, filled).await
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        self.halt().await?;
        let ended = self.folder.end().await;
        ended.map_err(|error| refused("end the doors", error))
    }

    async fn close(&self) -> Result<(), EngineError> {
        let removed = Entrance::remove(&self.entrance.smolvm, &self.folder).await;
        removed.map_err(|error| refused("remove the bottle", error))
    }
}
