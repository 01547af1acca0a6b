//! The guest's first process: enters the tree, gives up what it does not need, and runs commands.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{DumpableBehavior, Gid, Pid, Signal, Uid, WaitOptions};
use rustix::thread::{CapabilitySet, UnshareFlags};

use crate::idmap;
use crate::keeper::chain;
use crate::restrict::{Filters, empty_bounding_set, keep_capabilities, limit_processes};
use crate::spec::{GuestSpec, Limits, User, Users};
use crate::supervisor;
use crate::sys::{self, Disposition, Fork};
use crate::tree::{self, Sources};

/// What it takes to become a user of the guest's, to end that user's processes, and to copy the guest's files.
const KEPT: CapabilitySet = CapabilitySet::SETUID
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::CHOWN)
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::FOWNER);
/// How long the first process rests after the kernel refused it a process or a descriptor.
const REST: Duration = Duration::from_millis(50);

/// What every command of a guest has in common.
pub(crate) struct Guest {
    pub(crate) users: Users,
    pub(crate) agent: User,
    /// The namespace of agents' users, in which nobody has a capability and nobody makes another.
    pub(crate) agents: OwnedFd,
    pub(crate) writable: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) filters: Filters,
}

/// The first process's ends of what connects it with the keeper.
pub(crate) struct Connected {
    /// Brings one byte once the namespace has its users.
    pub(crate) go: OwnedFd,
    /// Takes nothing when the guest is there, or why it is not.
    pub(crate) report: OwnedFd,
    /// Where commands come from.
    pub(crate) commands: UnixListener,
}

/// Becomes a guest's first process, in namespaces that are there already.
pub(crate) fn run(spec: &GuestSpec, sources: Option<Sources>, connected: Connected) -> ! {
    let Connected { go, report, commands } = connected;
    let guest = match settle(spec, sources, go) {
        Ok(guest) => guest,
        Err(error) => {
            // Without a report the keeper says that the first process ended.
            let _unheard = File::from(report).write_all(chain(error.as_ref()).as_bytes());
            sys::exit(1);
        }
    };
    let kept = [commands.as_raw_fd(), guest.agents.as_raw_fd(), report.as_raw_fd()];
    if sys::close_all_but(&kept).is_err() {
        sys::exit(1);
    }
    drop(report);
    accept(&guest, &commands)
}

fn settle(
    spec: &GuestSpec,
    sources: Option<Sources>,
    go: OwnedFd,
) -> Result<Guest, Box<dyn std::error::Error>> {
    end_with_keeper()?;
    File::from(go).read_exact(&mut [0])?;
    become_root(spec.users)?;
    sys::set_host_name(&spec.hostname)?;
    network()?;
    let sources = match sources {
        Some(sources) => sources,
        None => Sources::open(&spec.tree)?,
    };
    tree::enter(&spec.tree, sources)?;
    let agents = agents(spec)?;
    tree::seal(&spec.tree)?;
    silence()?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    empty_bounding_set(KEPT)?;
    keep_capabilities(KEPT)?;
    rustix::thread::set_no_new_privs(true)?;
    end_with_keeper()?;
    Ok(Guest {
        users: spec.users,
        agent: spec.agent,
        agents,
        writable: spec.writable.clone(),
        limits: spec.limits.clone(),
        filters: Filters::compile()?,
    })
}

/// Has this process killed when the keeper is gone.
pub(crate) fn end_with_keeper() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(
        Signal::KILL,
    ))?)
}

/// Becomes the guest's root: whoever started it is nobody in there.
pub(crate) fn become_root(users: Users) -> io::Result<()> {
    if users != Users::Own {
        rustix::thread::set_thread_groups(&[])?;
        rustix::thread::set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT)?;
        rustix::thread::set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)?;
        // Nobody else is there yet, and the kernel hides its files about a process that it thinks changed sides.
        rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)?;
        end_with_keeper()?;
    }
    Ok(())
}

/// Loopback, and every port of it for everybody: there is nobody else.
fn network() -> io::Result<()> {
    let socket =
        rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    sys::loopback_up(socket.as_fd())?;
    // Kernels before 4.11 know no such setting.
    let _unchanged = std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
    Ok(())
}

/// Makes the namespace of the agents' users. The kernel counts processes by namespace, with the limits that the one
/// who made it had.
fn agents(spec: &GuestSpec) -> io::Result<OwnedFd> {
    let (mut from_helper, to_parent) = io::pipe()?;
    let (from_parent, mut to_helper) = io::pipe()?;
    let helper = match sys::fork(0)? {
        Fork::Child => {
            drop((from_helper, to_helper));
            let done = helper(&spec.limits, to_parent, from_parent);
            sys::exit(i32::from(done.is_err()))
        }
        Fork::Parent(helper) => helper,
    };
    drop((to_parent, from_parent));
    let made = (|| {
        from_helper.read_exact(&mut [0])?;
        idmap::of_agents(helper, spec.users, spec.agent)?;
        to_helper.write_all(&[0])?;
        from_helper.read_exact(&mut [0])?;
        namespace(helper, "user")
    })();
    drop(to_helper);
    rustix::process::waitpid(Some(helper), WaitOptions::empty())?;
    made
}

fn helper(limits: &Limits, mut to_parent: impl Write, mut from_parent: impl Read) -> io::Result<()> {
    end_with_keeper()?;
    limit_processes(limits)?;
    sys::unshare(UnshareFlags::NEWUSER)?;
    to_parent.write_all(&[0])?;
    from_parent.read_exact(&mut [0])?;
    // The filter refuses it as well.
    std::fs::write("/proc/sys/user/max_user_namespaces", "0")?;
    to_parent.write_all(&[0])?;
    // Until the parent has taken hold of the namespace.
    from_parent.read_to_end(&mut Vec::new()).map(drop)
}

/// Opens a namespace of a process.
pub(crate) fn namespace(process: Pid, which: &str) -> io::Result<OwnedFd> {
    let path = format!("/proc/{}/ns/{which}", process.as_raw_nonzero());
    Ok(rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

/// Nothing of the keeper's streams stays.
fn silence() -> io::Result<()> {
    let nothing = rustix::fs::open(c"/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&nothing)?;
    rustix::stdio::dup2_stdout(&nothing)?;
    Ok(rustix::stdio::dup2_stderr(&nothing)?)
}

fn accept(guest: &Guest, commands: &UnixListener) -> ! {
    // The kernel collects children, and the orphans of all others, by itself then.
    sys::on_signal(libc::SIGCHLD, Disposition::Ignore);
    loop {
        let forked = commands
            .accept()
            .and_then(|(caller, _)| Ok((sys::fork(0)?, caller)));
        match forked {
            Ok((Fork::Child, caller)) => supervisor::serve(guest, caller),
            Ok((Fork::Parent(_), caller)) => drop(caller),
            Err(_) => std::thread::sleep(REST),
        }
    }
}
