//! One command's supervisor: starts it, says how it ended, and ends it when its caller goes away.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, kill_process, pidfd_open, waitpid,
};

use crate::archive;
use crate::channel::Reply;
use crate::first::Guest;
use crate::passing::{receive, send};
use crate::program;
use crate::spec::Request;
use crate::sys::{self, Disposition, Fork};

/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long what a command started may take to be gone once it is killed.
const END: Duration = Duration::from_secs(8);
/// The pause between two looks at what is left.
const PAUSE: Duration = Duration::from_millis(2);

/// Serves one caller and ends this process.
pub(crate) fn serve(guest: &Guest, caller: UnixStream) -> ! {
    let status = match attend(guest, caller) {
        Ok(()) => 0,
        // The caller sees that the connection ends without an answer.
        Err(_) => 1,
    };
    sys::exit(status);
}

fn attend(guest: &Guest, caller: UnixStream) -> io::Result<()> {
    sys::on_signal(libc::SIGCHLD, Disposition::Default);
    caller.set_read_timeout(Some(PATIENCE))?;
    let (request, _) = receive::<Request>(&caller)?;
    if matches!(request, Request::Halt) {
        return send(&caller, &Reply::Ended { status: halt() }, &[]);
    }
    // What a command leaves behind comes to this process, as long as it is there.
    rustix::process::set_child_subreaper(Some(getpid()))?;
    let bound = match &request {
        Request::Run(run) => run.bound,
        Request::Pack { .. } | Request::Unpack { .. } | Request::Halt => true,
    };
    match sys::fork(0)? {
        Fork::Child => match request {
            Request::Run(run) => program::run(guest, &run, caller),
            Request::Pack { path } => archive::pack(guest, &path, &caller),
            Request::Unpack { who } => archive::unpack(guest, who, &caller),
            Request::Halt => sys::exit(0),
        },
        Fork::Parent(child) => {
            drop(request);
            watch(child, &caller, bound)
        }
    }
}

/// Waits for the end of the command, or of the caller's interest in it.
fn watch(child: Pid, caller: &UnixStream, bound: bool) -> io::Result<()> {
    let ended = pidfd_open(child, PidfdFlags::empty())?;
    let mut watched = vec![PollFd::new(&ended, PollFlags::IN)];
    if bound {
        watched.push(PollFd::new(caller, PollFlags::IN | PollFlags::HUP));
    }
    loop {
        match poll(&mut watched, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let happened = |at: usize| watched.get(at).is_some_and(|fd| !fd.revents().is_empty());
        if happened(0) {
            let status = waitpid(Some(child), WaitOptions::empty())?;
            let status = status.map_or(-1, |(_, status)| number(status));
            return send(caller, &Reply::Ended { status }, &[]);
        }
        if happened(1) {
            end_all();
            return Ok(());
        }
    }
}

/// Kills every process of the guest but the first and this one; returns 0 once there is no other.
fn halt() -> i32 {
    let deadline = Instant::now() + END;
    let ours = [1, getpid().as_raw_nonzero().get()];
    while Instant::now() < deadline {
        sys::kill_all_others();
        let others = processes().filter(|process| !ours.contains(process));
        if others.count() == 0 {
            return 0;
        }
        std::thread::sleep(PAUSE);
    }
    1
}

/// Kills all that descends from this process, however it tried to be on its own.
fn end_all() {
    let deadline = Instant::now() + END;
    while Instant::now() < deadline {
        for process in descendants() {
            // It may have ended by itself.
            let _gone = kill_process(process, Signal::KILL);
        }
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn descendants() -> Vec<Pid> {
    let parents: Vec<(i32, i32)> = processes()
        .filter_map(|process| Some((process, parent_of(process)?)))
        .collect();
    let mut found = vec![getpid().as_raw_nonzero().get()];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(process, _)| *process),
        );
        next += 1;
    }
    found.into_iter().skip(1).filter_map(Pid::from_raw).collect()
}

/// Lists every process of the guest.
fn processes() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Reads field 4 of `/proc/<pid>/stat` (proc_pid_stat(5)); the second is a name that may hold anything.
fn parent_of(process: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat).into_owned();
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn number(status: WaitStatus) -> i32 {
    let signal = status.terminating_signal().map(|signal| 128 + signal);
    status.exit_status().or(signal).unwrap_or(-1)
}
