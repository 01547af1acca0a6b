//! A way into a bottle's machine, and its end.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use async_trait::async_trait;
use bottle_backend::{BoxError, CopyOwner};
use bottle_host::{Folder, Running, TarStream, Tars};
use bottle_plan::paths::GuestPath;
use tokio::process::Child;

use crate::client::{Exec, MachineState, Smolvm};
use crate::machine::RELAY;
use crate::record::GuestRecord;

/// Root, in the guest.
pub(crate) const ROOT: (u32, u32) = (0, 0);

/// A machine and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(crate) smolvm: Smolvm,
    pub(crate) guest: GuestRecord,
}

impl Entrance {
    /// Tells whether the machine runs.
    pub(crate) async fn is_running(&self) -> Result<bool, BoxError> {
        let machines = self.smolvm.list().await?;
        let mut named = machines
            .iter()
            .filter(|machine| machine.name == self.guest.machine);
        Ok(named.any(|machine| machine.state == MachineState::Running))
    }

    /// Starts the machine for a look at its files, if it does not run. Nothing but its relay runs in it then.
    pub(crate) async fn awake(self) -> Result<Self, BoxError> {
        if !self.is_running().await? {
            self.smolvm.start(&self.guest.machine).await?;
        }
        Ok(self)
    }

    /// Removes a bottle's machine, and then what the host keeps of it.
    pub(crate) async fn remove(smolvm: &Smolvm, folder: &Folder<GuestRecord>) -> Result<(), BoxError> {
        if let Some(guest) = folder.record().and_then(|record| record.guest) {
            smolvm.delete(&guest.machine).await?;
        }
        Ok(folder.remove().await?)
    }

    /// Returns a call of the relay's program in the guest.
    pub(crate) fn relay(&self, user: (u32, u32), words: &[&str]) -> Exec {
        let words = words.iter().map(|word| (*word).to_owned());
        Exec {
            machine: self.guest.machine.clone(),
            user,
            directory: "/".to_owned(),
            env: Vec::new(),
            input: false,
            terminal: false,
            limit: None,
            argv: [RELAY.to_owned()].into_iter().chain(words).collect(),
        }
    }
}

#[async_trait]
impl Tars for Entrance {
    async fn unpack(&self, owner: CopyOwner) -> Result<TarStream, BoxError> {
        let user = match owner {
            CopyOwner::Root => ROOT,
            CopyOwner::Agent => self.guest.agent,
        };
        let exec = Exec {
            input: true,
            ..self.relay(user, &["unpack"])
        };
        let (ours, theirs) = io::pipe().map(|(theirs, ours)| (OwnedFd::from(ours), OwnedFd::from(theirs)))?;
        let mut command = self.smolvm.exec(&exec);
        command.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn()?;
        // Until then this process has the other end too, and would not see that nobody reads.
        drop(command);
        Ok(stream(ours, child))
    }

    async fn pack(&self, path: &GuestPath) -> Result<TarStream, BoxError> {
        let exec = self.relay(ROOT, &["pack", path.as_str()]);
        let (ours, theirs) = io::pipe().map(|(ours, theirs)| (OwnedFd::from(ours), OwnedFd::from(theirs)))?;
        let mut command = self.smolvm.exec(&exec);
        command.stdin(Stdio::null()).stdout(theirs).stderr(Stdio::null());
        let child = command.spawn()?;
        drop(command);
        Ok(stream(ours, child))
    }
}

fn stream(pipe: OwnedFd, child: Child) -> TarStream {
    let mut running = Process(child);
    TarStream {
        pipe,
        end: Box::pin(async move { running.status().await }),
    }
}

/// A call of smolvm's that runs something in the guest. It is killed when it is dropped, and what it runs with it.
pub(crate) struct Process(pub(crate) Child);

#[async_trait]
impl Running for Process {
    async fn status(&mut self) -> Result<i32, BoxError> {
        Ok(status(self.0.wait().await?))
    }

    async fn end(&mut self) {
        // One that has ended is no less ended.
        let _ended = self.0.kill().await;
    }
}

/// Returns an exit status as shells say it.
pub(crate) fn status(status: std::process::ExitStatus) -> i32 {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    status.code().unwrap_or_else(|| 128 + signal.unwrap_or_default())
}

/// Copies a program to where the guest sees it, as something that anybody there may run.
pub(crate) fn install(program: &std::path::Path, folder: &std::path::Path) -> io::Result<()> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    let for_all = || Permissions::from_mode(0o755);
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::set_permissions(folder, for_all())?;
    let name = std::path::Path::new(RELAY)
        .file_name()
        .unwrap_or(OsStr::new("relay"));
    let (new, there) = (folder.join(".new"), folder.join(name));
    fs::copy(program, &new)?;
    fs::set_permissions(&new, for_all())?;
    fs::rename(new, there)
}
