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
const RESOLVING: [&str; 3] = ["/etc", "/usr/lib", "/usr/lib64"];
/// Where what lies in `/etc` may really lie.
const BEHIND_SETTINGS: [&str; 4] = [
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
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
        run: resolving(),
        read: vec![resolv_conf()],
        write: vec![NOTHING.into()],
        listens: false,
    };
    say(bottle_guest::see_only(&sight)?);
    bottle_guest::call_as_a_server()
}

/// What of `/etc` programs read to find names, users and the settings of their libraries.
const SETTINGS: [&str; 13] = [
    "/etc/crypto-policies",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
];
/// Libraries, and among them what starts programs that need some.
const LIBRARIES: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"];
/// Devices that git and libraries read; a static program waits for the first before it reads the second.
const DEVICES: [&str; 3] = ["/dev/random", "/dev/urandom", "/dev/zero"];

/// Leaves a process that starts programs these alone, what they need to run, and one folder to write in. They are under
/// the restrictions of a guest's: no privilege, no namespace, no socket but to files and networks.
///
/// # Errors
///
/// What the system says. A kernel without Landlock is none: the door's user is the first wall there.
pub(crate) fn shut_in_with_programs(programs: Vec<PathBuf>, folder: &Path) -> io::Result<()> {
    let mut run = programs;
    run.push(std::env::current_exe()?);
    run.extend(loaders());
    let read = [&SETTINGS[..], &LIBRARIES, &DEVICES, &BEHIND_SETTINGS].concat();
    let mut read: Vec<PathBuf> = read.into_iter().map(PathBuf::from).collect();
    read.push(resolv_conf());
    let sight = Sight {
        run,
        read,
        write: vec![folder.to_owned(), NOTHING.into()],
        listens: false,
    };
    say(bottle_guest::see_only(&sight)?);
    bottle_guest::call_as_guests_do()
}

/// Returns the programs that start others with their libraries, which every system calls `ld-` and something.
fn loaders() -> Vec<PathBuf> {
    let is_loader = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("ld-") && path.is_file()
    };
    let folders = LIBRARIES
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok());
    let entries = folders.flat_map(|entries| entries.flatten().map(|entry| entry.path()));
    entries.filter(is_loader).collect()
}

/// Bounds the size of every file that this process and those that it starts write.
///
/// # Errors
///
/// What the system says.
pub(crate) fn limit_files(most: u64) -> io::Result<()> {
    let most = Some(
        getrlimit(Resource::Fsize)
            .maximum
            .map_or(most, |hard| hard.min(most)),
    );
    Ok(setrlimit(
        Resource::Fsize,
        Rlimit {
            current: most,
            maximum: most,
        },
    )?)
}

/// Leaves a sidecar beside other programs of its user no file but its own and the system's programs.
///
/// # Errors
///
/// What the system says.
pub(crate) fn shut_in_on_host(own: &[&Path], relay: &Path) -> io::Result<()> {
    let mut run = resolving();
    run.extend(PROGRAMS.map(PathBuf::from));
    run.push(std::env::current_exe()?);
    let sight = Sight {
        run,
        read: [resolv_conf(), relay.to_owned()]
            .into_iter()
            .chain(DEVICES.map(PathBuf::from))
            .collect(),
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

fn resolving() -> Vec<PathBuf> {
    let all = RESOLVING.iter().chain(&BEHIND_SETTINGS);
    all.map(PathBuf::from).collect()
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::TcpStream;
    use std::process::Command;

    use super::*;

    /// Gives up what cannot be had back in a thread of its own.
    fn alone<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let alone = std::thread::spawn(|| {
            rustix::thread::set_no_new_privs(true).unwrap();
            work()
        });
        alone.join().unwrap()
    }

    #[test]
    fn only_named_programs_are_started_and_one_folder_is_written() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let root = tempfile::tempdir().unwrap();
        let (folder, other) = (root.path().join("folder"), root.path().join("other"));
        for path in [&folder, &other] {
            fs::create_dir(path).unwrap();
        }
        fs::write(other.join("file"), "another bottle's").unwrap();
        fs::copy("/bin/true", folder.join("program")).unwrap();
        alone(move || {
            shut_in_with_programs(vec!["/bin/sh".into()], &folder).unwrap();
            let shell = |script: &str| {
                let mut command = Command::new("/bin/sh");
                command
                    .args(["-c", script])
                    .current_dir("/")
                    .env("FOLDER", &folder);
                command.env("OTHER", &other).status().unwrap().success()
            };
            assert!(shell("echo written > $FOLDER/new && read line < $FOLDER/new"));
            for script in [
                "read line < $OTHER/file",
                "echo x > $OTHER/new",
                "read line < /etc/shadow",
                "read line < /proc/1/cmdline",
                "/bin/true",
                "/usr/bin/env",
                "$FOLDER/program",
                "unshare --user true",
            ] {
                assert!(!shell(script), "{script}");
            }
            assert!(fs::read(other.join("file")).is_err());
            TcpStream::connect(address).unwrap();
            assert!(std::net::TcpListener::bind("127.0.0.1:0").is_err());
        });
    }
}
