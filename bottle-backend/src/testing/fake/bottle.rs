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

/// The most bytes that one copy brings out.
const MOST_OUT: u64 = 2 << 30;

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
        let folder = to.parent();
        let (reader, writer) = io::pipe().map_err(|error| guest(to, error))?;
        std::thread::scope(|threads| {
            let name = Path::new(to.file_name());
            let packing = threads.spawn(move || pack_path(host, name, owner, writer).map(drop));
            let unpacked = std::fs::create_dir_all(folder.as_str()).and_then(|()| {
                let mut archive = tar::Archive::new(reader);
                archive.set_preserve_permissions(true);
                archive.unpack(folder.as_str())?;
                // The end of a tar is padded, and who writes it should not find the pipe closed.
                io::copy(&mut archive.into_inner(), &mut io::sink())
            });
            let packed = packing.join();
            packed.map_err(|_| guest(to, io::Error::other("the packer ended")))??;
            unpacked.map(drop).map_err(|error| guest(to, error))
        })
    }

    async fn cp_out(&self, from: &GuestPath, host: &Path) -> Result<(), CopyError> {
        let unpacked = tarred(from, |tar| unpack(tar, host, MOST_OUT));
        unpacked.map(drop).map_err(|error| guest(from, error))
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
        let same = tarred(at, |tar| tar_holds(tar, &copied, is_volatile));
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

/// Packs a path as an engine would, links as links and pipes as pipes, while it is read.
fn tarred<T>(from: &GuestPath, read: impl FnOnce(io::PipeReader) -> io::Result<T>) -> io::Result<T> {
    let path = Path::new(from.as_str());
    std::fs::symlink_metadata(path)?;
    let (reader, writer) = io::pipe()?;
    std::thread::scope(|threads| {
        let packing = threads.spawn(move || pack(path, from.file_name(), writer));
        let read = read(reader);
        let packed = packing.join().map_err(|_| io::Error::other("the packer ended"))?;
        match (read, packed) {
            // Who has read enough closes the pipe.
            (Ok(read), Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(read),
            (Ok(_), Err(error)) => Err(error),
            (read, _) => read,
        }
    })
}

fn pack(path: &Path, name: &str, writer: io::PipeWriter) -> io::Result<()> {
    let mut tar = tar::Builder::new(io::BufWriter::with_capacity(128 << 10, writer));
    tar.follow_symlinks(false);
    match std::fs::symlink_metadata(path)?.is_dir() {
        true => tar.append_dir_all(name, path)?,
        false => tar.append_path_with_name(path, name)?,
    }
    tar.into_inner()?
        .into_inner()
        .map(drop)
        .map_err(|error| error.into_error())
}

fn guest(path: &GuestPath, error: io::Error) -> CopyError {
    CopyError::Guest {
        path: path.to_string(),
        source: error.into(),
    }
}
