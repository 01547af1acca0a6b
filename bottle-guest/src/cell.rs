//! The relay's own cell: the guest's network, and a tree of three things.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Gid, Pid, Uid, WaitOptions};
use rustix::thread::{CapabilitySet, LinkNameSpaceType};

use crate::first::{become_root, end_with_keeper};
use crate::keeper::leave_streams;
use crate::restrict::{Filters, keep_capabilities};
use crate::spec::{Mount, Relay, Users};
use crate::sys::{self, Disposition, Fork};
use crate::tree::{self, Sources};

/// Namespaces of a cell beside those of users and networks, which are the guest's.
const OWN: libc::c_int = libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_PARENT;

/// The namespaces that a relay shares with its guest.
pub(crate) struct Shared {
    pub(crate) users: OwnedFd,
    pub(crate) network: OwnedFd,
}

/// Starts a relay beside a guest; it is a child of this process and ends with it.
pub(crate) fn start(relay: &Relay, users: Users, shared: &Shared) -> io::Result<Pid> {
    let tree = tree_of(relay);
    let sources = match users {
        Users::Own => None,
        Users::Range { .. } => Some(Sources::open(&tree).map_err(io::Error::other)?),
    };
    let (mut told, tell) = io::pipe()?;
    let between = match sys::fork(0)? {
        Fork::Child => {
            drop(told);
            let done = between(relay, users, shared, &tree, sources, tell);
            sys::exit(i32::from(done.is_err()))
        }
        Fork::Parent(between) => between,
    };
    drop(tell);
    let mut number = [0; 4];
    let read = told.read_exact(&mut number);
    rustix::process::waitpid(Some(between), WaitOptions::empty())?;
    read?;
    let relay = Pid::from_raw(i32::from_ne_bytes(number)).ok_or_else(|| io::Error::other("no process"))?;
    let mut complaint = String::new();
    // It ends when the relay's program begins.
    told.read_to_string(&mut complaint)?;
    match complaint.is_empty() {
        true => Ok(relay),
        false => Err(io::Error::other(complaint)),
    }
}

fn tree_of(relay: &Relay) -> Vec<Mount> {
    let bind = |source: &std::path::Path, target: &str| Mount::Bind {
        source: source.to_owned(),
        target: target.to_owned(),
        writable: false,
        devices: false,
    };
    vec![
        bind(&relay.program, "/relay"),
        bind(&relay.doors, "/doors"),
        Mount::Processes {
            target: "/proc".to_owned(),
        },
    ]
}

/// A process in between: who enters a namespace of users has to do so alone.
fn between(
    relay: &Relay,
    users: Users,
    shared: &Shared,
    tree: &[Mount],
    sources: Option<Sources>,
    mut tell: io::PipeWriter,
) -> io::Result<()> {
    end_with_keeper()?;
    leave_streams()?;
    let enter = rustix::thread::move_into_link_name_space;
    enter(shared.users.as_fd(), Some(LinkNameSpaceType::User))?;
    enter(shared.network.as_fd(), Some(LinkNameSpaceType::Network))?;
    match sys::fork(OWN)? {
        Fork::Child => {
            let error = become_relay(relay, users, tree, sources);
            // The keeper may be gone.
            let _unheard = File::from(OwnedFd::from(tell)).write_all(error.to_string().as_bytes());
            sys::exit(1)
        }
        Fork::Parent(relay) => tell.write_all(&relay.as_raw_nonzero().get().to_ne_bytes()),
    }
}

fn become_relay(relay: &Relay, users: Users, tree: &[Mount], sources: Option<Sources>) -> io::Error {
    let prepared = (|| {
        end_with_keeper()?;
        become_root(users)?;
        let sources = match sources {
            Some(sources) => sources,
            None => Sources::open(tree).map_err(io::Error::other)?,
        };
        tree::enter(tree, sources).map_err(io::Error::other)?;
        tree::seal(tree).map_err(io::Error::other)?;
        give_up(relay, users)
    })();
    if let Err(error) = prepared {
        return error;
    }
    Command::new("/relay").args(&relay.arguments).env_clear().exec()
}

fn give_up(relay: &Relay, users: Users) -> io::Result<()> {
    sys::unblock_signals();
    sys::on_signal(libc::SIGPIPE, Disposition::Default);
    let filters = Filters::compile()?;
    crate::restrict::empty_bounding_set(CapabilitySet::empty())?;
    if users != Users::Own {
        let (uid, gid) = (Uid::from_raw(relay.user.uid), Gid::from_raw(relay.user.gid));
        rustix::thread::set_thread_res_gid(gid, gid, gid)?;
        rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    }
    keep_capabilities(CapabilitySet::empty())?;
    rustix::thread::set_no_new_privs(true)?;
    end_with_keeper()?;
    filters.enforce()
}
