//! What the trusted processes give up before they hold a secret.

use std::io;
use std::path::{Path, PathBuf};

use bottle_guest::{Shut, Sight};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::kernel;

/// The user of the first door in [`bottle_plan::door::Door::ALL`]; each further one has the next number.
pub(crate) const FIRST_DOOR_UID: u32 = 64010;

/// Makes this process unreadable to others of its user, unable to gain privileges, and without core dumps.
///
/// # Errors
///
/// What the system says; nothing secret may be read then.
pub(crate) fn confine() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_no_new_privs(true)?;
    forbid_cores()?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // What an engine or a caller left open is neither ours nor the doors'.
    kernel::close_on_exec_from(3)
}

/// Cores of this size are not written, and handed to no program of the host's either: of none they are (core(5)).
const NO_CORE: u64 = 1;

/// An engine may have done so already, and keeps it from being done again.
fn forbid_cores() -> io::Result<()> {
    if getrlimit(Resource::Core)
        .maximum
        .is_some_and(|most| most <= NO_CORE)
    {
        return Ok(());
    }
    let none = Some(NO_CORE);
    Ok(setrlimit(
        Resource::Core,
        Rlimit {
            current: none,
            maximum: none,
        },
    )?)
}

/// Raises the soft limit of open descriptors to the hard one. Where that fails, the old limit serves fewer.
pub(crate) fn raise_descriptor_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: maximum,
        maximum,
    };
    let _unchanged = setrlimit(Resource::Nofile, limit);
}

/// Where the system says how names are found, and the libraries that its resolver may ask for.
const RESOLVING: [&str; 7] = [
    "/etc",
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
];
/// Where a host keeps programs that a sidecar may start.
const PROGRAMS: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];
const NOTHING: &str = "/dev/null";

/// Leaves a door's process no file but those that say how names are found, and only calls that a server makes.
///
/// # Errors
///
/// What the system says. A kernel without Landlock is none: the door's user is the first wall there.
pub(crate) fn shut_in_door() -> io::Result<()> {
    let sight = Sight {
        run: RESOLVING.map(PathBuf::from).to_vec(),
        read: vec![resolv_conf()],
        write: vec![NOTHING.into()],
        listens: false,
    };
    say(bottle_guest::see_only(&sight)?);
    bottle_guest::call_as_a_server()
}

/// Leaves a sidecar beside other programs of its user no file but its own and the system's programs.
///
/// # Errors
///
/// What the system says.
pub(crate) fn shut_in_on_host(own: &[&Path], relay: &Path) -> io::Result<()> {
    let mut run: Vec<PathBuf> = PROGRAMS.iter().chain(&RESOLVING).map(PathBuf::from).collect();
    run.push(std::env::current_exe()?);
    let sight = Sight {
        run,
        read: vec![resolv_conf(), relay.to_owned()],
        write: own
            .iter()
            .map(|path| path.to_path_buf())
            .chain([NOTHING.into()])
            .collect(),
        listens: false,
    };
    say(bottle_guest::see_only(&sight)?);
    bottle_guest::call_as_guests_do()
}

/// Returns where the name servers really are listed.
fn resolv_conf() -> PathBuf {
    let listed = Path::new("/etc/resolv.conf");
    listed.canonicalize().unwrap_or_else(|_| listed.to_owned())
}

fn say(shut: Shut) {
    if shut != Shut::Whole {
        tracing::info!(
            ?shut,
            "this kernel's Landlock keeps less than all other files away"
        );
    }
}
