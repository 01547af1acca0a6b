//! Becoming a program of the guest's: user, streams, restrictions, folder, and then the program itself.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Command;

use bottle_wire::boot::WireSecret;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::process::{Gid, Uid};
use rustix::termios::Winsize;
use rustix::thread::{CapabilitySet, LinkNameSpaceType};

use crate::channel::Reply;
use crate::first::Guest;
use crate::passing::send;
use crate::restrict::{Within, empty_bounding_set, keep_capabilities, limit, lock_in};
use crate::spec::{Run, Users, Who};
use crate::sys::{self, Disposition};

/// The exit status of a program that was never tried, as shells have it.
const NOT_TRIED: i32 = 125;
const NOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Becomes the program. What goes wrong before its streams are there is said to the caller, and later on its errors.
pub(crate) fn run(guest: &Guest, run: &Run, caller: UnixStream) -> ! {
    if let Err(error) = prepare(guest, run, &caller) {
        // The caller may have gone away.
        let _unheard = send(
            &caller,
            &Reply::Failed {
                reason: error.to_string(),
            },
            &[],
        );
        sys::exit(NOT_TRIED);
    }
    drop(caller);
    let (status, error) = start(run);
    let program = run.argv.first().map_or("", String::as_str);
    let _unheard = writeln!(io::stderr(), "cannot run {program}: {error}");
    sys::exit(status);
}

fn prepare(guest: &Guest, run: &Run, caller: &UnixStream) -> io::Result<()> {
    become_user(guest, run.who, CapabilitySet::empty())?;
    let (theirs, ours) = streams(run.terminal)?;
    let ours: Vec<BorrowedFd<'_>> = ours.iter().map(AsFd::as_fd).collect();
    send(caller, &Reply::Started, &ours)?;
    rustix::process::setsid()?;
    if run.terminal.is_some() {
        rustix::process::ioctl_tiocsctty(&theirs.input)?;
    }
    rustix::stdio::dup2_stdin(&theirs.input)?;
    rustix::stdio::dup2_stdout(&theirs.output)?;
    rustix::stdio::dup2_stderr(&theirs.errors)?;
    Ok(())
}

fn start(run: &Run) -> (i32, io::Error) {
    // The caller's socket and all that the guest's first process has open.
    if let Err(error) = sys::close_from(3).and_then(|()| enter(&run.directory)) {
        return (NOT_TRIED, error);
    }
    let Some((program, arguments)) = run.argv.split_first() else {
        return (NOT_TRIED, io::ErrorKind::InvalidInput.into());
    };
    let variables = run
        .env
        .iter()
        .map(|(name, WireSecret(value))| (name, OsString::from(value.expose())));
    let error = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables)
        .exec();
    match error.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, error),
        _ => (NOT_RUN, error),
    }
}

/// Becomes a user of the guest's with every restriction, and with these capabilities over the guest's own files.
pub(crate) fn become_user(guest: &Guest, who: Who, kept: CapabilitySet) -> io::Result<()> {
    sys::unblock_signals();
    sys::on_signal(libc::SIGCHLD, Disposition::Default);
    // What the host's runtime ignores, programs of the guest's expect to be there.
    sys::on_signal(libc::SIGPIPE, Disposition::Default);
    rustix::process::umask(Mode::from_raw_mode(0o022));
    limit(&guest.limits)?;
    if who == Who::Agent {
        rustix::thread::move_into_link_name_space(guest.agents.as_fd(), Some(LinkNameSpaceType::User))?;
    }
    empty_bounding_set(kept)?;
    if who == Who::Agent && guest.users != Users::Own {
        rustix::thread::set_thread_groups(&[])?;
        let (uid, gid) = (Uid::from_raw(guest.agent.uid), Gid::from_raw(guest.agent.gid));
        rustix::thread::set_thread_res_gid(gid, gid, gid)?;
        rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    }
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    keep_capabilities(kept)?;
    rustix::thread::set_no_new_privs(true)?;
    if who == Who::Agent {
        lock_in(&Within {
            writable: &guest.writable,
            watched_by_another: guest.users != Users::Own,
        })?;
    }
    guest.filters.enforce()
}

/// The program's own ends.
struct Theirs {
    input: OwnedFd,
    output: OwnedFd,
    errors: OwnedFd,
}

/// Makes the program's streams as the user that it runs as, and returns the caller's ends beside them.
fn streams(terminal: Option<(u16, u16)>) -> io::Result<(Theirs, Vec<OwnedFd>)> {
    let Some((columns, rows)) = terminal else {
        let (input, write) = io::pipe()?;
        let (read, output) = io::pipe()?;
        let (read_errors, errors) = io::pipe()?;
        let theirs = Theirs {
            input: input.into(),
            output: output.into(),
            errors: errors.into(),
        };
        return Ok((theirs, vec![write.into(), read.into(), read_errors.into()]));
    };
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let master = rustix::fs::open(c"/dev/ptmx", flags, Mode::empty())?;
    rustix::pty::unlockpt(&master)?;
    let line = rustix::pty::ioctl_tiocgptpeer(
        &master,
        rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY,
    )?;
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    rustix::termios::tcsetwinsize(&line, size)?;
    let theirs = Theirs {
        input: line.try_clone()?,
        output: line.try_clone()?,
        errors: line,
    };
    Ok((theirs, vec![master]))
}

/// Changes the folder, over no link of `/proc`: those lead where no path does.
fn enter(directory: &str) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::openat2(CWD, directory, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS);
    let folder = folder
        .map_err(|error| io::Error::new(io::Error::from(error).kind(), format!("{directory}: {error}")))?;
    Ok(rustix::process::fchdir(&folder)?)
}

/// Makes the streams of a copy: the caller's end, and this process's as a file.
pub(crate) fn one_pipe(outward: bool) -> io::Result<(File, OwnedFd)> {
    let (read, write) = io::pipe()?;
    Ok(match outward {
        true => (OwnedFd::from(write).into(), read.into()),
        false => (OwnedFd::from(read).into(), write.into()),
    })
}
