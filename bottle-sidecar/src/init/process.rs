//! A door as a child process: its own user, an empty environment, a socket and a channel.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use bottle_plan::door::Door;
use rustix::process::{Pid, Signal, WaitStatus};

use crate::confine::FIRST_DOOR_UID;

/// This very program, also where its folder is closed to the door's user.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Starts a door's process: its listener is descriptor 0, its channel 1. Returns its id and our end of the channel.
pub(super) fn spawn(
    door: Door,
    folder: Option<&Path>,
    listener: &UnixListener,
) -> io::Result<(Pid, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = Command::new(THIS_PROGRAM);
    command
        .arg0("bottle-sidecar")
        .args(["door", door.name()])
        .env_clear()
        .current_dir("/")
        .process_group(0);
    if let Some(folder) = folder {
        command.arg("--folder").arg(folder);
    }
    command
        .stdin(Stdio::from(OwnedFd::from(listener.try_clone()?)))
        .stdout(Stdio::from(OwnedFd::from(theirs)));
    if rustix::process::geteuid().is_root() {
        // Setting a user as root also gives up every further group.
        command.uid(uid_of(door)).gid(uid_of(door));
    }
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("the child has no process id"))?;
    Ok((pid, ours))
}

/// Kills a process. One that is gone already is what was wanted.
pub(super) fn kill(pid: Pid) {
    if let Err(error) = rustix::process::kill_process(pid, Signal::KILL) {
        tracing::warn!(%error, "cannot kill a door");
    }
}

/// Says in words how a process ended.
pub(super) fn how(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => format!("exited with status {status}"),
        (_, Some(signal)) => format!("killed by signal {signal}"),
        _ => "ended".to_owned(),
    }
}

/// Returns the user that a door runs as where the first process is root.
pub(super) fn uid_of(door: Door) -> u32 {
    let place = Door::ALL.iter().position(|other| *other == door);
    let place = place.and_then(|place| u32::try_from(place).ok());
    FIRST_DOOR_UID + place.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_door_has_a_user_of_its_own() {
        assert_eq!(Door::ALL.map(uid_of), [64010, 64011, 64012]);
    }
}
