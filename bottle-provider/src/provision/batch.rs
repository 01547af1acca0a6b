//! Files for a guest, put there together.

use std::mem;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bottle_backend::{
    AgentSession, Bottle, BoxError, ControlError, CopyError, CopyOwner, EngineError, ExecCommand, ExecError,
    ExecOutput, PutFile, TerminalSize,
};
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use tokio::sync::watch;

/// A guest whose files wait until something could see that they are missing. Backends take long to put a file and
/// hardly longer to put ten. Commands wait until the guest's trust store is made; files do not.
pub(super) struct Batch<'a> {
    bottle: &'a dyn Bottle,
    trusted: watch::Receiver<bool>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    files: Vec<PutFile>,
    owner: Option<CopyOwner>,
}

impl<'a> Batch<'a> {
    /// Makes one for a guest whose trust store is made when `trusted` says so.
    pub(super) fn new(bottle: &'a dyn Bottle, trusted: watch::Receiver<bool>) -> Self {
        Self {
            bottle,
            trusted,
            waiting: Mutex::default(),
        }
    }

    /// Puts what waits.
    ///
    /// # Errors
    ///
    /// When the guest refuses a file.
    pub(super) async fn flush(&self) -> Result<(), CopyError> {
        let Waiting { files, owner } = mem::take(&mut *self.lock());
        match owner {
            Some(owner) => self.bottle.put(&files, owner).await,
            None => Ok(()),
        }
    }

    async fn flush_before(&self, command: &ExecCommand) -> Result<(), ExecError> {
        let failed = |source: BoxError| ExecError::Engine {
            program: command.argv.first().cloned().unwrap_or_default(),
            source,
        };
        self.flush().await.map_err(|error| failed(error.into()))?;
        let trusted = self.trusted.clone().wait_for(|trusted| *trusted).await.map(drop);
        trusted.map_err(|error| failed(error.into()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bottle for Batch<'_> {
    fn identity(&self) -> &Identity {
        self.bottle.identity()
    }

    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        self.flush_before(command).await?;
        self.bottle.exec(command).await
    }

    async fn exec_agent(
        &self,
        command: &ExecCommand,
        terminal: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        self.flush_before(command).await?;
        self.bottle.exec_agent(command, terminal).await
    }

    async fn put(&self, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError> {
        if self.lock().owner.is_some_and(|waiting| waiting != owner) {
            self.flush().await?;
        }
        let mut waiting = self.lock();
        waiting.files.extend_from_slice(files);
        waiting.owner = Some(owner);
        Ok(())
    }

    async fn cp_in(&self, host: &Path, guest: &GuestPath, owner: CopyOwner) -> Result<(), CopyError> {
        self.flush().await?;
        self.bottle.cp_in(host, guest, owner).await
    }

    async fn cp_out(&self, guest: &GuestPath, host: &Path) -> Result<(), CopyError> {
        self.flush().await?;
        self.bottle.cp_out(guest, host).await
    }

    async fn control(&self, request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        self.bottle.control(request).await
    }

    async fn halt(&self) -> Result<(), EngineError> {
        self.bottle.halt().await
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        self.flush().await?;
        self.bottle.workspace_changed().await
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        self.bottle.preserve().await
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.bottle.close().await
    }
}
