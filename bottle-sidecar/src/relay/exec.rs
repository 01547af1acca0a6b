//! Becomes another program in a directory, without the engine's help.
//!
//! An engine that changes the directory itself does so before the process is wholly inside, and could be led out by a
//! link into `/proc` (CVE-2024-21626). So execs start in `/`, and the directory is changed from inside, following no
//! link of that kind.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bottle_guest::{Limits, demote_command};
use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags};
use rustix::process::Uid;
use rustix::termios::Winsize;

use super::Become;
use crate::kernel;

/// Open files of one process of a command's.
const OPEN_FILES: u64 = 65_536;

/// Says why a program was not run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The directory is not there, is none, or a link of `/proc` is on the way.
    #[error("cannot enter {path}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The directory is no place of the guest's file system.
    #[error("{path} is not a directory of this guest")]
    Outside {
        /// The directory.
        path: PathBuf,
    },
    /// There are descriptors that cannot be closed.
    #[error("cannot close what is open")]
    Descriptors(#[source] io::Error),
    /// It cannot become whom it should.
    #[error("cannot become the user")]
    User(#[source] io::Error),
    /// There is no such program, or it cannot be run.
    #[error("cannot run {}", program.display())]
    Program {
        /// The program.
        program: OsString,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ExecError {
    /// Returns the exit status that shells use for it: 127 not found, 126 not executable, 125 never tried.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Program { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Program { .. } => 126,
            Self::Directory { .. } | Self::Outside { .. } | Self::User(_) | Self::Descriptors(_) => 125,
        }
    }
}

/// Enters a directory and becomes a program, which is looked for on its own `PATH`; returns only when it cannot.
///
/// The program inherits the environment and the first three descriptors, and nothing else. With a size, the terminal
/// on its input has it before the program can ask: an engine tells a terminal its size only once the program runs. Root of
/// a machine becomes a user first, who enters no directory that only others may.
pub fn exec(cwd: &Path, size: Option<Winsize>, who: Option<&Become>, argv: &[OsString]) -> ExecError {
    let (program, arguments) = argv.split_first().unwrap_or((const { &OsString::new() }, &[]));
    if let Err(error) = kernel::close_on_exec_from(3) {
        return ExecError::Descriptors(error);
    }
    if let Some(who) = who
        && let Err(error) = become_user(who)
    {
        return ExecError::User(error);
    }
    if let Err(error) = enter(cwd) {
        return error;
    }
    if let Some(size) = size {
        // Without a terminal there is nothing to tell.
        let _ = rustix::termios::tcsetwinsize(std::io::stdin(), size);
    }
    ExecError::Program {
        program: program.clone(),
        source: Command::new(program).args(arguments).exec(),
    }
}

fn become_user(who: &Become) -> io::Result<()> {
    let terminal = std::io::stdin();
    if rustix::termios::isatty(&terminal) {
        rustix::fs::fchown(&terminal, Some(Uid::from_raw(who.user.uid)), None)?;
    }
    let limits = Limits {
        processes: who.processes,
        memory: None,
        millicpus: None,
        open_files: OPEN_FILES,
    };
    demote_command(who.user, &limits)
}

fn enter(path: &Path) -> Result<(), ExecError> {
    let failed = |error: rustix::io::Errno| ExecError::Directory {
        path: path.to_owned(),
        source: error.into(),
    };
    let outside = || ExecError::Outside {
        path: path.to_owned(),
    };
    let directory = open(path).map_err(failed)?;
    if rustix::fs::fstatfs(&directory).map_err(failed)?.f_type == PROC_SUPER_MAGIC {
        return Err(outside());
    }
    rustix::process::fchdir(&directory).map_err(failed)?;
    // The kernel names a directory outside the root `(unreachable)/...`.
    let name = rustix::process::getcwd(Vec::new()).map_err(failed)?;
    match name.as_bytes().starts_with(b"/") {
        true => Ok(()),
        false => Err(outside()),
    }
}

fn open(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS)
}
