//! Which numbers of users in a namespace stand for which outside of it.

use std::io;

use rustix::process::Pid;

use crate::spec::{USERS, User, Users};

/// Gives a guest's own namespace its users. The writer is the parent of the namespace's first process.
pub(crate) fn of_guest(process: Pid, users: Users) -> io::Result<()> {
    let map = |own: u32| match users {
        Users::Own => format!("0 {own} 1"),
        Users::Range { first } => format!("0 {first} {USERS}"),
    };
    let (uid, gid) = (
        map(rustix::process::geteuid().as_raw()),
        map(rustix::process::getegid().as_raw()),
    );
    write(process, users, &uid, &gid)
}

/// Gives the agents' namespace, which lies inside the guest's, its users.
pub(crate) fn of_agents(process: Pid, users: Users, agent: User) -> io::Result<()> {
    let map = |id: u32| match users {
        Users::Own => format!("{id} 0 1"),
        Users::Range { .. } => format!("0 0 {USERS}"),
    };
    write(process, users, &map(agent.uid), &map(agent.gid))
}

/// Gives a namespace the one user that made it, under its own number.
pub(crate) fn of_itself(process: Pid) -> io::Result<()> {
    let map = |id: u32| format!("{id} {id} 1");
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    write(process, Users::Own, &map(uid.as_raw()), &map(gid.as_raw()))
}

fn write(process: Pid, users: Users, uid: &str, gid: &str) -> io::Result<()> {
    let file = |name: &str| format!("/proc/{}/{name}", process.as_raw_nonzero());
    if users == Users::Own {
        // Without privileges a group may be mapped only where no group can be given up.
        std::fs::write(file("setgroups"), "deny")?;
    }
    std::fs::write(file("uid_map"), uid)?;
    std::fs::write(file("gid_map"), gid)
}
