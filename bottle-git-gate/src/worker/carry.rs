//! A credential on its way to git: through a pipe into memory that has no name, never an argument, a variable or a file.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};

/// The word that asks for it; the gate's process, the number of a value of git's configuration, the most bytes of a file
/// that is written, a program and its arguments follow.
pub(crate) const WORD: &str = "carry";

/// Stands for no bound of files.
pub(crate) const UNBOUNDED: &str = "-";

/// The most bytes that are carried.
const MOST: u64 = 64 << 10;

/// Becomes a program that ends when the gate does. What stood on standard input is a file that its configuration
/// includes.
pub(super) fn carry(gate: &OsString, number: &OsString, rest: &[OsString]) -> io::Result<()> {
    let (program, arguments) = rest
        .split_first()
        .ok_or_else(|| io::Error::other("there is no program"))?;
    end_with(gate)?;
    let mut carried = zeroize::Zeroizing::new(Vec::new());
    io::stdin().lock().take(MOST).read_to_end(&mut carried)?;
    let mut command = Command::new(program);
    command.args(arguments);
    if !carried.is_empty() {
        let mut memory = std::fs::File::from(memfd_create("git", MemfdFlags::empty())?);
        memory.write_all(&carried)?;
        let mut variable = OsString::from("GIT_CONFIG_VALUE_");
        variable.push(number);
        command.env(variable, format!("/proc/self/fd/{}", memory.as_raw_fd()));
        let _stays_open = memory.into_raw_fd();
    }
    Err(command.exec())
}

/// Bounds every file that this process and its children write.
pub(super) fn bound_files(bytes: &OsString) -> io::Result<()> {
    if bytes == UNBOUNDED {
        return Ok(());
    }
    let most = bytes.to_str().and_then(|bytes| bytes.parse().ok());
    let most: u64 = most.ok_or_else(|| io::Error::other("a bound is a number"))?;
    let hard = getrlimit(Resource::Fsize).maximum;
    let most = Some(hard.map_or(most, |hard| hard.min(most)));
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(Resource::Fsize, limit)?)
}

/// An agent that outlived the gate would keep a key for nobody, and git would go on with a push that nobody reports.
fn end_with(gate: &OsString) -> io::Result<()> {
    // A program that gains privileges would lose the signal.
    rustix::thread::set_no_new_privs(true)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let gate = gate
        .to_str()
        .and_then(|id| id.parse().ok())
        .and_then(Pid::from_raw);
    match gate.is_some() && getppid() == gate {
        true => Ok(()),
        false => Err(io::Error::other("the gate has ended")),
    }
}
