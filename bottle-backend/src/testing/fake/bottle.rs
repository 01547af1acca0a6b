//! The handle on a folder.

use std::io;
use std::path::Path;

use async_trait::async_trait;
use bottle_plan::BottlePlan;
use bottle_plan::names::Identity;
use bottle_plan::paths::GuestPath;
use bottle_wire::control::{ControlAnswer, ControlRequest, Status};

use super::{FakeBackend, process};
use crate::files::{TarOwner, pack_path, tar_holds, unpack};
use crate::testing::terminal;
use crate::workspace::is_volatile;
use crate::{
    AgentSession, Bottle, BottleState, ControlError, CopyError, CopyOwner, EngineError, ExecCommand,
    ExecError, ExecOutput, PutFile, TerminalSize,
};

/// The most bytes that are packed.
const MOST_PACKED: usize = 64 << 20;
/// The most bytes that one copy brings out.
const MOST_OUT: u64 = 1 << 30;

/// A guest that is a folder of the host's.
#[derive(Debug)]
pub(super) struct FakeBottle {
    pub(super) backend: FakeBackend,
    pub(super) plan: BottlePlan,
}

#[async_trait]
impl Bottle for FakeBottle {
    fn identity(&self) -> &Identity {
        &self.plan.identity
    }

    async fn exec(&self, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
        process::run(&self.plan, command).await
    }

    async fn exec_agent(
        &self,
        command: &ExecCommand,
        size: Option<TerminalSize>,
    ) -> Result<AgentSession, ExecError> {
        match size {
            Some(size) => terminal::open(&self.plan, command, size),
            None => process::open(&self.plan, command),
        }
    }

    async fn put(&self, files: &[PutFile], _owner: CopyOwner) -> Result<(), CopyError> {
        files
            .iter()
            .try_for_each(|file| put(file).map_err(|error| guest(&file.path, error)))
    }

    async fn cp_in(&self, host: &Path, to: &GuestPath, _owner: CopyOwner) -> Result<(), CopyError> {
        let owner = TarOwner { uid: 0, gid: 0 };
        let tar = pack_path(host, Path::new(to.file_name()), owner, Vec::new())?;
        let folder = to.parent();
        let unpacked = std::fs::create_dir_all(folder.as_str()).and_then(|()| {
            let mut archive = tar::Archive::new(tar.as_slice());
            archive.set_preserve_permissions(true);
            archive.unpack(folder.as_str())
        });
        unpacked.map_err(|error| guest(to, error))
    }

    async fn cp_out(&self, from: &GuestPath, host: &Path) -> Result<(), CopyError> {
        let tar = tarred(from).map_err(|error| guest(from, error))?;
        unpack(tar.as_slice(), host, MOST_OUT)
            .map(drop)
            .map_err(|error| guest(from, error))
    }

    async fn control(&self, _request: &ControlRequest) -> Result<ControlAnswer, ControlError> {
        Ok(ControlAnswer::Status(Status {
            version: "fake".to_owned(),
            booted: true,
            doors: Vec::new(),
            events_lost: 0,
        }))
    }

    async fn halt(&self) -> Result<(), EngineError> {
        process::end_all(&self.plan);
        Ok(())
    }

    async fn workspace_changed(&self) -> Result<bool, CopyError> {
        let at = &self.plan.workspace.guest;
        let copied = self
            .backend
            .with(|bottles| bottles.get(&self.plan.identity)?.digest.clone());
        let Some(copied) = copied else { return Ok(true) };
        let same = tarred(at).and_then(|tar| tar_holds(tar.as_slice(), &copied, is_volatile));
        same.map(|same| !same).map_err(|error| guest(at, error))
    }

    async fn preserve(&self) -> Result<(), EngineError> {
        self.halt().await?;
        self.backend.with(|bottles| {
            if let Some(entry) = bottles.get_mut(&self.plan.identity) {
                entry.state = BottleState::Preserved;
            }
        });
        Ok(())
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.backend.forget(&self.plan.identity, |_| true);
        Ok(())
    }
}

fn put(file: &PutFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let path = Path::new(file.path.as_str());
    match &file.content {
        Some(content) => {
            std::fs::create_dir_all(file.path.parent().as_str())?;
            std::fs::write(path, content)?;
        }
        None => std::fs::create_dir_all(path)?,
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(file.mode))
}

/// Packs a path as an engine would: links as links, pipes as pipes. What is too much for a test's memory is cut off.
fn tarred(from: &GuestPath) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut tar = tar::Builder::new(Cut(&mut bytes));
    tar.follow_symlinks(false);
    let path = Path::new(from.as_str());
    let packed = if std::fs::symlink_metadata(path)?.is_dir() {
        tar.append_dir_all(from.file_name(), path)
    } else {
        tar.append_path_with_name(path, from.file_name())
    };
    let ended = packed.and_then(|()| tar.finish());
    drop(tar);
    match ended {
        Err(error) if bytes.len() < MOST_PACKED => Err(error),
        _ => Ok(bytes),
    }
}

struct Cut<'a>(&'a mut Vec<u8>);

impl io::Write for Cut<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() >= MOST_PACKED {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn guest(path: &GuestPath, error: io::Error) -> CopyError {
    CopyError::Guest {
        path: path.to_string(),
        source: error.into(),
    }
}
