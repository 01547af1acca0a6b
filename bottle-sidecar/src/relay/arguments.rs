//! The relay's command line, read by hand: a parser would be larger than the relay.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bottle_guest::User;
use rustix::termios::Winsize;

use super::Probe;

/// Asks a relay to run a self-check when it starts.
const REPORT: &str = "--report";
/// Asks a self-check to wait for doors that are opened while it runs.
const EARLY: &str = "--early";
/// Tells a self-check that the guest is a machine of its own.
const OWN_KERNEL: &str = "--own-kernel";
/// Has what is started as root become somebody else.
const AS: &str = "--as";
/// How long all doors together may take until they answer; the relay may still be starting.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same when the sidecar may still be starting: as long as it may take.
const EARLY_PATIENCE: Duration = Duration::from_secs(60);

/// What the relay was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayCommand {
    /// Connect ports to sockets until told to end.
    Serve {
        /// The ports and sockets.
        pairs: Vec<Pair>,
        /// The egress door's socket, if programs that know no proxy are to find a way through it.
        transparent: Option<PathBuf>,
        /// What ends it by itself.
        watch: Watch,
        /// Whom it becomes before anything else, and how the guest is called, when it is started as root of a machine.
        root_of: Option<Machine>,
        /// The arguments of a self-check that is run once the ports are bound.
        report: Option<Vec<OsString>>,
    },
    /// Look at the guest from inside, once, before the agent runs.
    SelfCheck {
        /// The ports and sockets that must answer.
        pairs: Vec<Pair>,
        /// Whether the relay must answer for names.
        transparent: bool,
        /// Interfaces besides `lo` that may be there.
        allowed: Vec<String>,
        /// Whether the guest has a kernel of its own, whose calls lead nowhere.
        own_kernel: bool,
        /// How long the doors may take until they answer.
        patience: Duration,
    },
    /// Write a file or folder to standard output, as a tar.
    Pack {
        /// Its path.
        path: PathBuf,
    },
    /// Write what a tar on standard input holds below the root.
    Unpack,
    /// Change the directory and become another program.
    Exec {
        /// The directory.
        cwd: PathBuf,
        /// The size of the terminal on its input.
        size: Option<Winsize>,
        /// Whom it becomes first, when it is started as root of a machine; root itself keeps nothing but its files then.
        who: Option<Become>,
        /// The program and its arguments; at least one word.
        argv: Vec<OsString>,
    },
    /// Kill what an exec has started.
    End {
        /// `NAME=value`, a variable that only that exec gave.
        mark: OsString,
    },
    /// One attempt of the self-check, made in a process of its own since it may be killed for it.
    Probe(Probe),
}

/// A machine that is the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// The relay's user, never root, and group.
    pub user: User,
}

/// Whom a command becomes, and what it may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Become {
    /// The user and the group.
    pub user: User,
    /// Processes and threads of this user together.
    pub processes: u64,
}

/// A port of 127.0.0.1 and the socket that its connections go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The port.
    pub port: u16,
    /// The socket's absolute path.
    pub socket: PathBuf,
}

/// Whether the relay ends when the guest gets a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watch {
    /// It ends when there is a route, or an interface besides `lo` and these.
    Network(Vec<String>),
    /// It does not look: for a relay that is in no guest.
    Nothing,
}

/// Says what is wrong with the arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// There is nothing to connect.
    #[error("no PORT=SOCKET is given")]
    NoPairs,
    /// A word is no pair.
    #[error("{0:?} is not PORT=SOCKET with a port from 1 to 65535 and an absolute path of at most 107 bytes")]
    NotAPair(OsString),
    /// The value of `--transparent` is no socket's path.
    #[error("{0:?} is not an absolute path of at most 107 bytes")]
    NotASocket(OsString),
    /// A port is named twice.
    #[error("port {0} is given twice")]
    PortTwice(u16),
    /// An option lacks its value.
    #[error("{0} needs a value")]
    NoValue(&'static str),
    /// The value of `--cwd` is missing or relative.
    #[error("exec needs --cwd and an absolute path")]
    NoDirectory,
    /// There is no program to run.
    #[error("exec needs -- and a program")]
    NoProgram,
    /// The value of `--size` is no size.
    #[error("--size needs COLUMNSxROWS")]
    NoSize,
    /// There is no user to become.
    #[error("{0} needs UID:GID, and for a relay another user than root")]
    NoUser(&'static str),
    /// The machine has no name.
    #[error("--as UID:GID needs the machine's name after it")]
    NoName,
    /// The value of `--processes` is no number.
    #[error("--as needs --processes and a number after it")]
    NoProcesses,
    /// There is no variable to look for.
    #[error("end needs NAME=VALUE")]
    NoMark,
    /// There is nothing to pack.
    #[error("pack needs an absolute path")]
    NoPath,
    /// There is no such probe.
    #[error("there is no such probe")]
    NoProbe,
}

/// Reads the arguments after the program's name.
///
/// # Errors
///
/// The first thing that is wrong with them.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<RelayCommand, UsageError> {
    let words: Vec<OsString> = words.into_iter().collect();
    match words.split_first() {
        Some((first, rest)) if first == "self-check" => {
            let read = Connections::read(rest)?;
            Ok(RelayCommand::SelfCheck {
                pairs: read.pairs,
                transparent: read.transparent.is_some(),
                allowed: read.allowed,
                own_kernel: read.own_kernel,
                patience: match read.early {
                    true => EARLY_PATIENCE,
                    false => PATIENCE,
                },
            })
        }
        Some((first, rest)) if first == "exec" => program(rest),
        Some((first, [mark])) if first == "end" && mark.as_bytes().contains(&b'=') => {
            Ok(RelayCommand::End { mark: mark.clone() })
        }
        Some((first, _)) if first == "end" => Err(UsageError::NoMark),
        Some((first, [path])) if first == "pack" && Path::new(path).is_absolute() => {
            Ok(RelayCommand::Pack { path: path.into() })
        }
        Some((first, _)) if first == "pack" => Err(UsageError::NoPath),
        Some((first, [])) if first == "unpack" => Ok(RelayCommand::Unpack),
        Some((first, rest)) if first == "probe" => Probe::parse(rest)
            .map(RelayCommand::Probe)
            .ok_or(UsageError::NoProbe),
        _ => {
            let read = Connections::read(&words)?;
            Ok(RelayCommand::Serve {
                pairs: read.pairs,
                transparent: read.transparent,
                watch: match read.unwatched {
                    true => Watch::Nothing,
                    false => Watch::Network(read.allowed),
                },
                report: read.report.then(|| early_check(&words)),
                root_of: read.root_of,
            })
        }
    }
}

/// What both the relay and its self-check are told.
#[derive(Debug, Default)]
struct Connections {
    pairs: Vec<Pair>,
    transparent: Option<PathBuf>,
    allowed: Vec<String>,
    unwatched: bool,
    report: bool,
    early: bool,
    own_kernel: bool,
    root_of: Option<Machine>,
}

/// The arguments of the self-check that a relay with these arguments runs when it starts.
fn early_check(words: &[OsString]) -> Vec<OsString> {
    let same = words.iter().filter(|word| *word != REPORT).cloned();
    ["self-check", EARLY]
        .map(OsString::from)
        .into_iter()
        .chain(same)
        .collect()
}

impl Connections {
    fn read(words: &[OsString]) -> Result<Self, UsageError> {
        let mut read = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--allow-interface" {
                let name = words.next().and_then(|name| name.to_str());
                let name = name.ok_or(UsageError::NoValue("--allow-interface"))?;
                read.allowed.push(name.to_owned());
            } else if word == "--transparent" {
                let path = words.next().ok_or(UsageError::NoValue("--transparent"))?;
                read.transparent = Some(socket(path).ok_or_else(|| UsageError::NotASocket(path.clone()))?);
            } else if word == AS {
                let user = user(words.next())?;
                if user.uid == 0 {
                    return Err(UsageError::NoUser(AS));
                }
                let name = words.next().and_then(|name| name.to_str());
                let name = name.ok_or(UsageError::NoName)?.to_owned();
                read.root_of = Some(Machine { name, user });
            } else if word == "--unwatched" {
                read.unwatched = true;
            } else if word == REPORT {
                read.report = true;
            } else if word == EARLY {
                read.early = true;
            } else if word == OWN_KERNEL {
                read.own_kernel = true;
            } else {
                let next = pair(word).ok_or_else(|| UsageError::NotAPair(word.clone()))?;
                if read.pairs.iter().any(|pair| pair.port == next.port) {
                    return Err(UsageError::PortTwice(next.port));
                }
                read.pairs.push(next);
            }
        }
        match read.pairs.is_empty() {
            true => Err(UsageError::NoPairs),
            false => Ok(read),
        }
    }
}

fn socket(path: &OsStr) -> Option<PathBuf> {
    /// The kernel's `sun_path`, less the terminating zero (unix(7)).
    const LONGEST_PATH: usize = 107;
    let fits = Path::new(path).is_absolute() && path.len() <= LONGEST_PATH;
    fits.then(|| path.into())
}

fn pair(word: &OsStr) -> Option<Pair> {
    let bytes = word.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let (port, rest) = bytes.split_at_checked(equals)?;
    let socket = socket(OsStr::from_bytes(rest.get(1..)?))?;
    let digits = !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    let port = std::str::from_utf8(port).ok().filter(|_| digits)?;
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    Some(Pair { port, socket })
}

fn program(words: &[OsString]) -> Result<RelayCommand, UsageError> {
    let [option, cwd, rest @ ..] = words else {
        return Err(UsageError::NoDirectory);
    };
    if option != "--cwd" || !Path::new(cwd).is_absolute() {
        return Err(UsageError::NoDirectory);
    }
    let (size, rest) = match rest {
        [option, size, rest @ ..] if option == "--size" => (Some(winsize(size)?), rest),
        rest => (None, rest),
    };
    let (who, rest) = match rest {
        [option, rest @ ..] if option == AS => whom(rest)?,
        rest => (None, rest),
    };
    match rest.split_first() {
        Some((dashes, argv)) if dashes == "--" && !argv.is_empty() => Ok(RelayCommand::Exec {
            cwd: cwd.into(),
            size,
            who,
            argv: argv.to_vec(),
        }),
        _ => Err(UsageError::NoProgram),
    }
}

/// Reads what follows `--as` of a command.
fn whom(words: &[OsString]) -> Result<(Option<Become>, &[OsString]), UsageError> {
    let [who, option, processes, rest @ ..] = words else {
        return Err(UsageError::NoProcesses);
    };
    let processes = processes.to_str().filter(|_| option == "--processes");
    let processes = processes.and_then(|number| number.parse().ok());
    let who = Become {
        user: user(Some(who))?,
        processes: processes.ok_or(UsageError::NoProcesses)?,
    };
    Ok((Some(who), rest))
}

/// Reads `UID:GID`.
fn user(word: Option<&OsString>) -> Result<User, UsageError> {
    let word = word.and_then(|word| word.to_str()?.split_once(':'));
    let read = word.and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
    match read {
        Some((uid, gid)) => Ok(User { uid, gid }),
        None => Err(UsageError::NoUser(AS)),
    }
}

/// Reads `COLUMNSxROWS`.
fn winsize(word: &OsStr) -> Result<Winsize, UsageError> {
    let (columns, rows) = word
        .to_str()
        .and_then(|word| word.split_once('x'))
        .ok_or(UsageError::NoSize)?;
    let number = |text: &str| text.parse().map_err(|_| UsageError::NoSize);
    Ok(Winsize {
        ws_row: number(rows)?,
        ws_col: number(columns)?,
        ws_xpixel: 0,
        ws_ypixel: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> Result<RelayCommand, UsageError> {
        parse(line.split(' ').map(OsString::from))
    }

    fn egress() -> Pair {
        Pair {
            port: 9099,
            socket: "/d/e.sock".into(),
        }
    }

    #[test]
    fn pairs_and_options_are_read_in_any_order() {
        assert_eq!(
            check("--allow-interface dummy0 9099=/d/e.sock"),
            Ok(RelayCommand::Serve {
                pairs: vec![egress()],
                transparent: None,
                watch: Watch::Network(vec!["dummy0".to_owned()]),
                root_of: None,
                report: None,
            })
        );
        assert_eq!(
            check("9099=/d/e.sock --unwatched"),
            Ok(RelayCommand::Serve {
                pairs: vec![egress()],
                transparent: None,
                watch: Watch::Nothing,
                root_of: None,
                report: None,
            })
        );
        assert_eq!(
            check("self-check 9099=/d/e.sock"),
            Ok(RelayCommand::SelfCheck {
                pairs: vec![egress()],
                transparent: false,
                allowed: Vec::new(),
                own_kernel: false,
                patience: PATIENCE,
            })
        );
        let transparent = check("9099=/d/e.sock --transparent /d/e.sock");
        assert!(
            matches!(transparent, Ok(RelayCommand::Serve { transparent: Some(socket), .. })
            if socket == Path::new("/d/e.sock"))
        );
        let checked = check("self-check --transparent /d/e.sock 9099=/d/e.sock");
        assert!(matches!(
            checked,
            Ok(RelayCommand::SelfCheck {
                transparent: true,
                ..
            })
        ));
    }

    #[test]
    fn a_relay_that_reports_checks_what_it_was_told() {
        let words = "--allow-interface dummy0 9099=/d/e.sock --transparent /d/e.sock";
        let Ok(RelayCommand::Serve {
            report: Some(arguments),
            ..
        }) = check(&format!("{words} --report"))
        else {
            panic!("it reports");
        };
        assert_eq!(
            parse(arguments),
            Ok(RelayCommand::SelfCheck {
                pairs: vec![egress()],
                transparent: true,
                allowed: vec!["dummy0".to_owned()],
                own_kernel: false,
                patience: EARLY_PATIENCE,
            })
        );
    }

    #[test]
    fn files_are_packed_by_their_whole_path() {
        assert_eq!(check("pack /w"), Ok(RelayCommand::Pack { path: "/w".into() }));
        assert_eq!(check("pack w"), Err(UsageError::NoPath));
        assert_eq!(check("pack"), Err(UsageError::NoPath));
        assert_eq!(check("unpack"), Ok(RelayCommand::Unpack));
        assert_eq!(check("unpack /w"), Err(UsageError::NotAPair("unpack".into())));
    }

    #[test]
    fn a_program_is_taken_as_it_stands() {
        assert_eq!(
            check("exec --cwd /w -- sh -c --cwd"),
            Ok(RelayCommand::Exec {
                cwd: "/w".into(),
                size: None,
                who: None,
                argv: ["sh", "-c", "--cwd"].map(OsString::from).to_vec(),
            })
        );
        let sized = check("exec --cwd /w --size 91x33 -- sh");
        assert!(matches!(sized, Ok(RelayCommand::Exec { size: Some(size), .. })
            if (size.ws_col, size.ws_row) == (91, 33)));
        assert_eq!(check("exec --cwd /w --size 91 -- sh"), Err(UsageError::NoSize));
        assert_eq!(check("exec --cwd /w --size 91x33"), Err(UsageError::NoProgram));
        assert_eq!(check("end A=b"), Ok(RelayCommand::End { mark: "A=b".into() }));
        assert_eq!(check("end A"), Err(UsageError::NoMark));
        assert_eq!(check("exec --cwd w -- sh"), Err(UsageError::NoDirectory));
        assert_eq!(check("exec --cwd /w sh"), Err(UsageError::NoProgram));
        assert_eq!(check("exec --cwd /w --"), Err(UsageError::NoProgram));
        assert_eq!(check("exec"), Err(UsageError::NoDirectory));
    }

    #[test]
    fn whom_to_become_is_said_in_numbers() {
        let user = User { uid: 7, gid: 8 };
        let serves = check("9099=/d/e.sock --as 7:8 one");
        let name = "one".to_owned();
        assert!(
            matches!(serves, Ok(RelayCommand::Serve { root_of: Some(found), .. }) if found == Machine { name, user })
        );
        assert_eq!(check("9099=/d/e.sock --as 7:8"), Err(UsageError::NoName));
        let runs = check("exec --cwd /w --as 7:8 --processes 9 -- sh");
        let who = Become { user, processes: 9 };
        assert!(matches!(runs, Ok(RelayCommand::Exec { who: Some(found), .. }) if found == who));
        assert_eq!(check("9099=/d/e.sock --as 0:0 one"), Err(UsageError::NoUser(AS)));
        for who in ["7", "7:", "-1:8", "7:8:9", "node:node"] {
            assert_eq!(
                check(&format!("9099=/d/e.sock --as {who} one")),
                Err(UsageError::NoUser(AS)),
                "{who}"
            );
            let command = format!("exec --cwd /w --as {who} --processes 9 -- sh");
            assert_eq!(check(&command), Err(UsageError::NoUser(AS)), "{who}");
        }
        assert_eq!(
            check("exec --cwd /w --as 7:8 -- sh"),
            Err(UsageError::NoProcesses)
        );
        assert_eq!(
            check("exec --cwd /w --as 7:8 --processes x -- sh"),
            Err(UsageError::NoProcesses)
        );
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let long = format!("1=/{}", "a".repeat(107));
        for word in [
            "9099", "=/d", "0=/d", "65536=/d", "+1=/d", "1=d", "1=", "", "--other", &long,
        ] {
            assert_eq!(check(word), Err(UsageError::NotAPair(word.into())));
        }
        assert_eq!(check("self-check --unwatched"), Err(UsageError::NoPairs));
        assert_eq!(check("1=/a 1=/b"), Err(UsageError::PortTwice(1)));
        assert_eq!(
            check("1=/a --transparent d"),
            Err(UsageError::NotASocket("d".into()))
        );
        assert_eq!(
            check("1=/a --transparent"),
            Err(UsageError::NoValue("--transparent"))
        );
        assert_eq!(
            check("1=/a --allow-interface"),
            Err(UsageError::NoValue("--allow-interface"))
        );
    }
}
