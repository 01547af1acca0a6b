//! The system calls that a guest's processes may make.
//!
//! An allow-list: what is not named here fails with EPERM, and a call of a foreign ABI kills.

mod table;

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use table::{ALLOWED, ALLOWED_HERE, NEVER_A_SERVERS, NEVER_A_SERVERS_HERE, NEWER};

/// Both filters, ready to be put in force.
pub(crate) struct Filters {
    /// Makes libraries fall back from a call whose flags lie in memory, where no filter can look.
    fall_back: BpfProgram,
    allowed: BpfProgram,
}

impl Filters {
    /// Compiles them.
    pub(crate) fn compile() -> io::Result<Self> {
        let fall_back = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let not_there = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        Ok(Self {
            fall_back: compile(fall_back, SeccompAction::Allow, not_there)?,
            allowed: compile(rules()?, refused, SeccompAction::Allow)?,
        })
    }

    /// Compiles those of a program that serves and does nothing else.
    pub(crate) fn of_a_server() -> io::Result<Self> {
        let mut allowed = rules()?;
        for call in NEVER_A_SERVERS.iter().chain(NEVER_A_SERVERS_HERE) {
            allowed.remove(call);
        }
        allowed.insert(libc::SYS_socket, networks()?);
        // Threads, and no processes.
        let thread = libc::CLONE_THREAD as u64;
        allowed.insert(
            libc::SYS_clone,
            vec![rule([first(Is::MaskedEq(thread), thread)])?],
        );
        let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        Ok(Self {
            allowed: compile(allowed, refused, SeccompAction::Allow)?,
            ..Self::compile()?
        })
    }

    /// Puts them in force for this process and its children. Privileges cannot be gained any more by then.
    pub(crate) fn enforce(&self) -> io::Result<()> {
        for filter in [&self.fall_back, &self.allowed] {
            seccompiler::apply_filter(filter).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Returns the names of all calls that are allowed whatever their arguments are.
pub fn allowed_calls() -> impl Iterator<Item = &'static str> {
    let all = [ALLOWED, ALLOWED_HERE, NEWER].into_iter().flatten();
    all.map(|(name, _)| name.trim_start_matches("SYS_"))
}

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> io::Result<BpfProgram> {
    let here = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, otherwise, matched, here).map_err(io::Error::other)?;
    filter.try_into().map_err(io::Error::other)
}

fn rules() -> io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
    let always = [ALLOWED, ALLOWED_HERE, NEWER].into_iter().flatten();
    let mut rules: BTreeMap<_, _> = always.map(|(_, number)| (*number, Vec::new())).collect();
    // Its answer is the other filter's.
    rules.insert(libc::SYS_clone3, Vec::new());
    rules.insert(libc::SYS_socket, sockets()?);
    rules.insert(libc::SYS_socketpair, vec![rule([first(Is::Eq, UNIX)])?]);
    rules.insert(libc::SYS_clone, vec![rule([first(Is::MaskedEq(NAMESPACES), 0)])?]);
    rules.insert(
        libc::SYS_ioctl,
        vec![rule(TERMINALS.map(|request| second(Is::Ne, request)))?],
    );
    rules.insert(libc::SYS_setrlimit, vec![rule([first(Is::Ne, CORE)])?]);
    rules.insert(libc::SYS_prlimit64, limits()?);
    let personalities = PERSONALITIES.map(|which| rule([first(Is::Eq, which)]));
    rules.insert(
        libc::SYS_personality,
        personalities.into_iter().collect::<io::Result<_>>()?,
    );
    Ok(rules)
}

const UNIX: u64 = libc::AF_UNIX as u64;
const FAMILIES: [u64; 2] = [libc::AF_INET as u64, libc::AF_INET6 as u64];
/// Streams and datagrams: the others are raw, or modules of the kernel's that hardly anybody uses.
const KINDS: [u64; 2] = [libc::SOCK_STREAM as u64, libc::SOCK_DGRAM as u64];
/// The kind alone, without the flags beside it (socket(2)).
const KIND: u64 = 0xf;
/// What the family has by itself, ICMP, TCP, UDP, ICMPv6 and MPTCP (netinet/in.h).
const PROTOCOLS: [u64; 6] = [0, 1, 6, 17, 58, 262];
/// The size of a core, without which a crash starts the host's handler of crashes.
const CORE: u64 = libc::RLIMIT_CORE as u64;
/// `CLONE_NEW*` (linux/sched.h).
const NAMESPACES: u64 = 0x7e02_0000;
/// Requests that type into a terminal, `TIOCSTI` and `TIOCLINUX`, or have another module of the kernel's make sense of
/// it, `TIOCSETD` (ioctl_tty(2)).
const TERMINALS: [u64; 3] = [0x5412, 0x541c, 0x5423];
/// Linux, without randomised addresses, as a 32-bit machine, both, and asking for the present one.
const PERSONALITIES: [u64; 5] = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// Another machine, and what is said about the ways to it.
fn networks() -> io::Result<Vec<SeccompRule>> {
    let mut rules = internet()?;
    rules.push(routes()?);
    Ok(rules)
}

/// Files, the guest's own loopback, and what is said about it.
fn sockets() -> io::Result<Vec<SeccompRule>> {
    let mut rules = internet()?;
    rules.push(rule([first(Is::Eq, UNIX)])?);
    rules.push(routes()?);
    Ok(rules)
}

fn internet() -> io::Result<Vec<SeccompRule>> {
    let mut rules = Vec::new();
    for family in FAMILIES {
        for kind in KINDS {
            for protocol in PROTOCOLS {
                rules.push(rule([
                    first(Is::Eq, family),
                    second(Is::MaskedEq(KIND), kind),
                    condition(2, Is::Eq, protocol),
                ])?);
            }
        }
    }
    Ok(rules)
}

/// Netlink only for what C libraries ask of it: addresses and routes.
fn routes() -> io::Result<SeccompRule> {
    let routes = condition(2, Is::Eq, libc::NETLINK_ROUTE as u64);
    rule([first(Is::Eq, libc::AF_NETLINK as u64), routes])
}

/// A process's own limits, but for the size of its core, which can be asked for.
fn limits() -> io::Result<Vec<SeccompRule>> {
    let nothing = SeccompCondition::new(2, Length::Qword, Is::Eq, 0).map_err(io::Error::other);
    Ok(vec![
        rule([first(Is::Eq, 0), second(Is::Ne, CORE)])?,
        rule([first(Is::Eq, 0), nothing])?,
    ])
}

fn first(is: Is, value: u64) -> io::Result<SeccompCondition> {
    condition(0, is, value)
}

fn second(is: Is, value: u64) -> io::Result<SeccompCondition> {
    condition(1, is, value)
}

/// All of these arguments are 32 bits wide: the kernel does not look at the upper half.
fn condition(argument: u8, is: Is, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, Length::Dword, is, value).map_err(io::Error::other)
}

fn rule<const N: usize>(conditions: [io::Result<SeccompCondition>; N]) -> io::Result<SeccompRule> {
    let conditions = conditions.into_iter().collect::<io::Result<_>>()?;
    SeccompRule::new(conditions).map_err(io::Error::other)
}
