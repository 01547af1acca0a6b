//! How a sidecar on the host is started, and what the relay is told of its doors.

use std::path::{Path, PathBuf};

use bottle_backend::LaunchError;
use bottle_guest::Sidecar;
use bottle_plan::BottlePlan;
use bottle_plan::door::Door;

use crate::mirrors::Mirrors;
use crate::{Folder, Guest};

/// The longest path of a socket: the kernel's `sun_path`, less the terminating zero (unix(7)).
const LONGEST_SOCKET: usize = 107;

/// Returns how the sidecar of a folder's bottle is started, after making a place for what its git gate keeps.
///
/// # Errors
///
/// When there is no such place.
pub fn sidecar<G: Guest>(
    folder: &Folder<G>,
    plan: &BottlePlan,
    binaries: &Path,
) -> Result<Sidecar, LaunchError> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let mut arguments = vec![
        "init".to_owned(),
        "--on-host".to_owned(),
        "--doors".to_owned(),
        text(folder.doors()),
        "--control".to_owned(),
        text(folder.control()),
        "--events".to_owned(),
        text(folder.events()),
        "--relay".to_owned(),
        text(binaries.join("bottle-relay")),
    ];
    let mut instead = Vec::new();
    if plan.doors.contains(&Door::GitGate) {
        let mirrors = Mirrors::prepare(folder, binaries)?;
        arguments.extend(["--git".to_owned(), text(mirrors.seen)]);
        instead = mirrors.instead;
    }
    Ok(Sidecar {
        program: binaries.join("bottle-sidecar"),
        arguments,
        instead,
    })
}

/// Returns the doors of a plan, with the socket of each in a folder.
pub fn door_sockets<'a>(plan: &'a BottlePlan, folder: &'a str) -> impl Iterator<Item = (Door, String)> + 'a {
    let doors = plan.doors.iter().copied();
    doors.map(move |door| (door, socket(folder, door)))
}

/// Returns what the relay is told, and what the guest's look at itself is told of it. `folder` is where the guest's side
/// finds the doors' sockets.
#[must_use]
pub fn relay_arguments(plan: &BottlePlan, folder: &str) -> Vec<String> {
    let pairs = door_sockets(plan, folder).map(|(door, socket)| format!("{}={socket}", door.port()));
    let mut arguments: Vec<String> = pairs.collect();
    if plan.egress.transparent.is_on() && plan.doors.contains(&Door::Egress) {
        arguments.extend(["--transparent".to_owned(), socket(folder, Door::Egress)]);
    }
    arguments
}

fn socket(folder: &str, door: Door) -> String {
    format!("{folder}/{}.sock", door.name())
}

/// Refuses a folder in which sockets would have too long a path.
///
/// # Errors
///
/// When it is one.
pub fn fits<G: Guest>(folder: &Folder<G>) -> Result<(), LaunchError> {
    let long = |path: &Path| path.as_os_str().len() > LONGEST_SOCKET;
    match [folder.control(), folder.doors().join("git-gate.sock")]
        .iter()
        .any(|path| long(path))
    {
        false => Ok(()),
        true => Err(LaunchError::Unsupported {
            what: "a bottle in this folder",
            reason: format!(
                "sockets in {} would have too long a path",
                folder.path().display()
            ),
        }),
    }
}
