//! A connection over ssh that reads and pushes share.

use std::fs;

use rustix::process::Signal;

use crate::common::{signal_process, until};
use crate::world::World;

/// The process that keeps the connection of the world's gate.
fn keeper(world: &World) -> Option<u32> {
    let socket = format!("ControlPath={}", world.path("mirrors/0/ssh").display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_keeper = |id: &u32| {
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.starts_with("/usr/bin/ssh\0") && line.contains("ControlMaster=yes") && line.contains(&socket)
    };
    ids.into_iter().find(is_keeper)
}

fn push(world: &World, work: &std::path::Path, file: &str) {
    world.commit(work, file, format!("{file}\n"));
    world.ok(work, &["push", "--quiet", "origin", "work/x"]);
}

#[test]
fn a_read_and_the_pushes_after_it_share_a_connection() {
    let mut world = World::new();
    let work = world.clone();
    let socket = world.path("mirrors/0/ssh");
    until("the connection is there", || socket.exists().then_some(()));
    let logins = world.sshd.logins();
    for file in ["a", "b", "c"] {
        push(&world, &work, file);
    }
    assert_eq!(world.sshd.logins(), logins);
    assert_eq!(world.sshd.pushes(), 3);
    // One that breaks is made again, and nobody notices.
    let first = keeper(&world).unwrap();
    signal_process(first, Signal::KILL);
    push(&world, &work, "d");
    let second = until("there is another", || keeper(&world).filter(|id| *id != first));
    until("it serves", || socket.exists().then_some(()));
    push(&world, &work, "e");
    // Nothing of it outlives the gate, however that ends.
    world.gate = None;
    until("it has ended", || (keeper(&world) != Some(second)).then_some(()));
}
