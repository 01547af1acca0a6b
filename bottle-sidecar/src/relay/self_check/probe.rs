//! Attempts that a filter may answer by killing, each made in a process of its own.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use bottle_wire::check::{Check, Finding};
use rustix::net::ipproto::ICMP;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::finding;
use crate::kernel;

/// Families that every guest needs: they end at the guest's own loopback, its own files, or its kernel's tables.
const NEEDED: [u16; 4] = [1, 2, 10, 16];
/// One past the last family that is tried: Linux 6.18 knows fewer than 48, and microVMs add a few.
const FAMILIES: u16 = 64;
/// AF_VSOCK, which ignores network namespaces (linux/socket.h).
const VSOCK: u16 = 40;

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Sockets of every family that no guest needs, from one family on and before another.
    Families(u16, u16),
    /// Raw sockets of the families that guests need.
    Raw,
    /// An `io_uring`.
    IoUring,
    /// A call through the 32-bit entry that does no harm.
    Ia32Getpid,
    /// An AF_VSOCK socket through the 32-bit entry.
    Ia32Socket,
    /// The same by the older call.
    Ia32Socketcall,
    /// An AF_VSOCK socket through the x32 entry.
    X32Socket,
}

/// What became of an attempt.
enum Attempt {
    /// It ran to its end and opened these.
    Opened(Vec<String>),
    /// The filter killed it, or the kernel has no such entry.
    Killed,
}

const FOREIGN: [Probe; 4] = [
    Probe::Ia32Socketcall,
    Probe::Ia32Socket,
    Probe::Ia32Getpid,
    Probe::X32Socket,
];

pub(super) fn nothing_opens(program: &Path) -> [Finding; 4] {
    [
        found(Check::SocketFamilies, families(program)),
        no_raw_socket(program),
        found(Check::IoUring, opened(program, Probe::IoUring)),
        found(
            Check::ForeignAbi,
            FOREIGN
                .into_iter()
                .map(|probe| opened(program, probe))
                .collect::<Result<Vec<_>, _>>()
                .map(|found| found.concat()),
        ),
    ]
}

/// What a kernel of the guest's own must refuse, too, by the agent's lack of capabilities.
pub(super) fn no_raw_socket(program: &Path) -> Finding {
    found(Check::RawSockets, opened(program, Probe::Raw))
}

fn found(check: Check, opened: io::Result<Vec<String>>) -> Finding {
    match opened {
        Ok(opened) if opened.is_empty() => finding(check, true, "refused"),
        Ok(opened) => finding(check, false, opened.join(", ")),
        Err(error) => finding(check, false, format!("unknown: {error}")),
    }
}

/// Tries all families in one process and, where that is killed, each in its own.
fn families(program: &Path) -> io::Result<Vec<String>> {
    if let Attempt::Opened(opened) = attempt(program, Probe::Families(0, FAMILIES))? {
        return Ok(opened);
    }
    let each = (0..FAMILIES).map(|family| opened(program, Probe::Families(family, family + 1)));
    Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
}

fn opened(program: &Path, probe: Probe) -> io::Result<Vec<String>> {
    match attempt(program, probe)? {
        Attempt::Opened(opened) => Ok(opened),
        Attempt::Killed => Ok(Vec::new()),
    }
}

fn attempt(program: &Path, probe: Probe) -> io::Result<Attempt> {
    let Output { status, stdout, .. } = Command::new(program)
        .arg("probe")
        .args(probe.words())
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    // SIGSEGV is how a kernel without the 32-bit entry answers to it; no other attempt gets one.
    match (status.success(), status.signal()) {
        (true, _) => Ok(Attempt::Opened(lines(&stdout))),
        (_, Some(libc::SIGSYS | libc::SIGSEGV)) => Ok(Attempt::Killed),
        _ => Err(io::Error::other(format!("the attempt ended with {status}"))),
    }
}

fn lines(stdout: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

impl Probe {
    /// Reads what [`Self::words`] wrote.
    pub(in crate::relay) fn parse(words: &[OsString]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        match words.as_slice() {
            ["families", first, end] => Some(Self::Families(first.parse().ok()?, end.parse().ok()?)),
            ["raw"] => Some(Self::Raw),
            ["io-uring"] => Some(Self::IoUring),
            ["ia32-getpid"] => Some(Self::Ia32Getpid),
            ["ia32-socket"] => Some(Self::Ia32Socket),
            ["ia32-socketcall"] => Some(Self::Ia32Socketcall),
            ["x32-socket"] => Some(Self::X32Socket),
            _ => None,
        }
    }

    fn words(self) -> Vec<String> {
        let word = match self {
            Self::Families(first, end) => {
                return vec!["families".to_owned(), first.to_string(), end.to_string()];
            }
            Self::Raw => "raw",
            Self::IoUring => "io-uring",
            Self::Ia32Getpid => "ia32-getpid",
            Self::Ia32Socket => "ia32-socket",
            Self::Ia32Socketcall => "ia32-socketcall",
            Self::X32Socket => "x32-socket",
        };
        vec![word.to_owned()]
    }

    /// Makes the attempt and says what opened, for people.
    #[must_use]
    pub fn run(self) -> Vec<String> {
        match self {
            Self::Families(first, end) => open_families(first, end),
            Self::Raw => open_raw(),
            Self::IoUring => said("io_uring", &kernel::io_uring_setup()),
            Self::Ia32Getpid => said("32-bit getpid", &ia32::getpid()),
            Self::Ia32Socket => said("32-bit socket of family 40", &ia32::socket(VSOCK)),
            Self::Ia32Socketcall => said("32-bit socketcall of family 40", &ia32::socketcall(VSOCK)),
            Self::X32Socket => said("x32 socket of family 40", &kernel::x32_socket(VSOCK)),
        }
    }
}

fn said(what: &str, attempt: &io::Result<()>) -> Vec<String> {
    attempt.is_ok().then(|| what.to_owned()).into_iter().collect()
}

fn open_families(first: u16, end: u16) -> Vec<String> {
    let types = [
        SocketType::STREAM,
        SocketType::DGRAM,
        SocketType::RAW,
        SocketType::SEQPACKET,
    ];
    (first..end)
        .filter(|family| !NEEDED.contains(family))
        .filter(|family| types.iter().any(|kind| opens(*family, *kind, None)))
        .map(|family| format!("family {family}"))
        .collect()
}

fn open_raw() -> Vec<String> {
    [(2, "raw IPv4"), (10, "raw IPv6")]
        .into_iter()
        .filter(|(family, _)| opens(*family, SocketType::RAW, Some(ICMP)))
        .map(|(_, name)| name.to_owned())
        .collect()
}

fn opens(family: u16, kind: SocketType, protocol: Option<rustix::net::Protocol>) -> bool {
    let family = AddressFamily::from_raw(family);
    rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, protocol).is_ok()
}

#[cfg(target_arch = "x86_64")]
use kernel::ia32;

/// Other processors have no second entry that a 64-bit program could use.
#[cfg(not(target_arch = "x86_64"))]
mod ia32 {
    use std::io;

    pub(super) fn getpid() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn socket(_family: u16) -> io::Result<()> {
        getpid()
    }

    pub(super) fn socketcall(_family: u16) -> io::Result<()> {
        getpid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_reads_its_own_words() {
        let others = [Probe::Families(3, 9), Probe::Raw, Probe::IoUring];
        for probe in FOREIGN.into_iter().chain(others) {
            let words: Vec<OsString> = probe.words().into_iter().map(OsString::from).collect();
            assert_eq!(Probe::parse(&words), Some(probe));
        }
        assert_eq!(Probe::parse(&["families".into()]), None);
    }

    #[test]
    fn families_that_guests_need_are_not_reported() {
        assert_eq!(open_families(1, 3), Vec::<String>::new());
    }
}
