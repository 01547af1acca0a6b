//! The process that unpacks and reads what a guest sent: it has no credential, no network and no environment.
//!
//! The gate starts it as a command of its own with one of two words: `unpack`, which becomes git's `index-pack` on
//! standard input, or `examine`, which answers one [`Job`] with one [`Report`]. Two more read nothing of a guest's: `agent`
//! becomes an ssh agent, and `carry` git with a credential from standard input; neither outlives the gate.

mod carry;
mod confine;
mod examine;
mod extra;
mod facts;
mod job;
mod objects;
mod scan;
mod tree;

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use bottle_wire::frame;
use rustix::process::Signal;

use crate::git::Call;
use crate::limits::{
    EXAMINE_MEMORY, PACK_BYTES, SCANNER_ADDRESSES, UNPACK_MEMORY, UNPACK_THREADS, WORKER_ADDRESSES,
    unpack_seconds,
};
pub(crate) use carry::{UNBOUNDED, WORD as CARRY};
use confine::Bounds;
pub use job::{Job, Report, ScannerProgram};

/// Does what the arguments say and returns the exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> ExitCode {
    let done = match arguments {
        [word, git, mirror, objects, bytes] if word == "unpack" => carry::bound_files(bytes)
            .and_then(|()| unpack(Path::new(git), Path::new(mirror), Path::new(objects))),
        [word] if word == "examine" => answer(),
        [word, agent, socket] if word == "agent" => hold_keys(Path::new(agent), Path::new(socket)),
        [word, gate, number, bytes, rest @ ..] if word == CARRY => {
            carry::bound_files(bytes).and_then(|()| carry::carry(gate, number, rest))
        }
        _ => Err(io::Error::other("this command is the gate's own")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The names of a tree that comes in pieces.
#[cfg(feature = "testing")]
pub(crate) fn tree_names_of_a_test(bytes: &[u8], step: usize) -> Vec<Vec<u8>> {
    let (mut names, mut found) = (tree::Names::new(40), Vec::new());
    for piece in bytes.chunks(step) {
        names.push(piece, |name| found.push(name.to_vec()));
    }
    found
}

/// Becomes git, which reads a pack from standard input into a quarantine.
fn unpack(git: &Path, mirror: &Path, objects: &Path) -> io::Result<()> {
    let sight = confine::sight(&[git], &[mirror], &[objects]);
    // The gate raises the first bound as bytes arrive.
    let bounds = Bounds {
        memory: UNPACK_MEMORY,
        addresses: WORKER_ADDRESSES,
        cpu_seconds: unpack_seconds(0),
        most_cpu_seconds: unpack_seconds(PACK_BYTES),
    };
    confine::confine(&sight, bounds)?;
    let call =
        Call::new(git, mirror)
            .quarantined(objects)
            .args(["index-pack", "--stdin", "--fix-thin", "--strict"]);
    let call = call
        .arg(format!("--max-input-size={PACK_BYTES}"))
        .arg(format!("--threads={UNPACK_THREADS}"));
    Err(call.command().exec())
}

/// Becomes an agent that ends with the gate, however that ends: it holds a key.
fn hold_keys(agent: &Path, socket: &Path) -> io::Result<()> {
    // Debian's agent has a group of its own, and gaining that would undo the next line.
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let mut command = Command::new(agent);
    Err(command.arg("-D").arg("-a").arg(socket).env_clear().exec())
}

fn answer() -> io::Result<()> {
    let job: Job = frame::read_blocking(&mut io::stdin().lock()).map_err(io::Error::other)?;
    let scanners = job.scanners.iter().map(|scanner| scanner.path.as_path());
    let programs: Vec<&Path> = scanners.chain([job.git.as_path()]).collect();
    let sight = confine::sight(&programs, &[&job.mirror, &job.objects], &[]);
    let bounds = Bounds {
        memory: EXAMINE_MEMORY,
        addresses: match job.scanners.is_empty() {
            true => WORKER_ADDRESSES,
            false => SCANNER_ADDRESSES,
        },
        cpu_seconds: job.cpu_seconds,
        most_cpu_seconds: job.cpu_seconds,
    };
    confine::confine(&sight, bounds)?;
    let report = examine::examine(&job);
    let bytes = frame::encode(&report).map_err(io::Error::other)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&bytes)?;
    stdout.flush()
}
