//! The handle on one bottle.

use std::path::Path;

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, Bottle, ControlError, CopyError, CopyOwner, EngineError, ExecCommand, ExecError,
    ExecOutput, PutFile, TerminalSize,
};
use bottle_guest::Channel;
use bottle_host::{Filled, Folder};
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_wire::control::{ControlAnswer, ControlRequest};

use crate::backend::refused;
use crate::exec;
use crate::guest::{self, Entrance};
use crate::record::GuestRecord;

/// One bottle of one folder.
#[derive(Debug)]
pub(crate) struct NativeBottle {
    identity: Identity,
    folder: Folder<GuestRecord>,
    guest: GuestRecord,
    channel: Channel,
}

impl NativeBottle {
    pub(crate) fn new(identity: Identity, folder: Folder<GuestRecord>, guest: GuestRecord) -> Self {
        Self {
            channel: Channel::new(folder.path()),
            identity,
            folder,
            guest,
        }
    }

    async fn entrance(&self, path: &str) -> Result<Entrance, CopyError> {
        let entrance = Entrance::find(&self.folder, &self.guest).await;
        entrance.map_err(|error| bottle_host::guest_failed(path, error.into()))
    }
}

#[async_trait]
impl Bottle for NativeBottle {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        exec::collected(&self.channel, &self.guest, command).await
    }

    async fn exec_agent(
        &self,
        command: &ExecCommand,
        terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        exec::session(&self.channel, &self.guest, command, terminal).await
    }

    async fn put(&self, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError> {
        bottle_host::put(&self.entrance("/").await?, files, owner).await
    }

    async fn cp_in(&self, host: &Path, guest: &GuestPath, owner: CopyOwner) -> Result<(), CopyError> {
        bottle_host::copy_in(&self.entrance(guest.as_str()).await?, host, guest, owner).await
    }

    async fn cp_out(&self, guest: &GuestPath, host: &Path) -> Result<(), CopyError> {
        bottle_host::copy_out(&self.entrance(guest.as_str()).await?, guest, host).await
    }

    async fn control(&self, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        bottle_host::ask(&self.folder, &self.identity, request).await
    }

    async fn halt(&self) -> Result<(), EngineError> {
        let kept = self
            .folder
            .is_kept()
            .map_err(|error| refused("look at the guest", error))?;
        if !kept {
            return Ok(());
        }
        guest::halt(&self.channel)
            .await
            .map_err(|source| EngineError::Refused {
                action: "stop the guest".to_owned(),
                source,
            })
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        let entrance = self.entrance(self.guest.workspace.as_str()).await?;
        let filled = Filled {
            workspace: &self.guest.workspace,
            mounted: self.guest.mounted.is_some(),
            digest: self.guest.digest.as_deref(),
        };
        bottle_host::changed(&entrance, filled).await
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        self.folder
            .end()
            .await
            .map_err(|error| refused("stop the guest", error))
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.folder
            .remove()
            .await
            .map_err(|error| refused("remove the bottle", error))
    }
}
