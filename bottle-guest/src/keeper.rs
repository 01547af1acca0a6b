//! The host's side of a guest: starts it and what belongs to it, and ends all of it together.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde::{Deserialize, Serialize};

use crate::cell::{self, Shared};
use crate::channel::{SOCKET, through_folder};
use crate::first::{self, Connected, end_with_keeper, namespace};
use crate::group::Group;
use crate::idmap;
use crate::passing::{receive, send};
use crate::spec::{GuestSpec, Service, Sidecar, Users};
use crate::sys::{self, Fork};
use crate::tree::Sources;

/// All namespaces of a guest.
const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP;
/// How long the program behind the doors may take to end what is open.
const SIDECAR_END: Duration = Duration::from_secs(6);
/// The file in a guest's folder that its keeper holds locked, and that names the keeper's process.
pub const LOCK: &str = "keeper";
/// How long the lock is waited for; whoever clears up after another keeper may hold it for two seconds.
const LOCK_TIME: Duration = Duration::from_secs(4);
/// The most bytes of a complaint that are read.
const MOST_COMPLAINT: u64 = 4096;

/// What a keeper is told, over its standard input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Start this. The program behind the doors gets the two open files that come along as standard input and output.
    Start(Box<GuestSpec>),
    /// Start the program behind the doors alone, for a guest that somebody else runs. It gets the same two files.
    Serve(Service),
    /// Go on without whoever asked: until then, everything ends when that one is gone.
    Stay,
}

/// What a keeper answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Told {
    /// The guest takes commands, or the program behind its doors was started.
    Ready,
    /// Nothing runs.
    Failed {
        /// Why.
        reason: String,
    },
}

/// Starts a guest, or the doors of one alone, as its order says, and stays until it ends. This process must have one thread.
///
/// # Errors
///
/// When there is no order, or nobody to answer to. What goes wrong after that is answered.
pub fn keep() -> io::Result<()> {
    let caller = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (order, files) = receive::<Order>(&caller)?;
    if order == Order::Stay {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Whoever asked may be a terminal's; this one is nobody's.
    let _already_so = rustix::process::setsid();
    let signals = sys::signals(&[libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP])?;
    let mut kept = Kept::default();
    let started = match &order {
        Order::Start(spec) => kept.start(spec, files),
        Order::Serve(service) => kept.serve(service, files),
        Order::Stay => Ok(()),
    };
    let answer = match &started {
        Ok(()) => Told::Ready,
        Err(reason) => Told::Failed {
            reason: reason.clone(),
        },
    };
    let heard = send(&caller, &answer, &[]);
    if started.is_ok() && heard.is_ok() {
        kept.stay(&caller, &signals)?;
    }
    kept.end();
    Ok(())
}

/// Tries what a guest of this user needs, in a process of its own, and says what is missing.
///
/// # Errors
///
/// The first thing that this system refuses, in words.
pub fn probe() -> Result<(), String> {
    let users = match rustix::process::geteuid().is_root() {
        true => Users::range_of(0).unwrap_or(Users::Own),
        false => Users::Own,
    };
    let spec = GuestSpec::smallest(users);
    let mut kept = Kept::default();
    let (ours, theirs) = UnixStream::pair().map_err(|error| error.to_string())?;
    drop(ours);
    let listener = UnixListener::from(OwnedFd::from(theirs));
    let tried = kept.guest(&spec, listener);
    kept.end();
    tried.map(drop)
}

/// What a keeper has started.
#[derive(Default)]
struct Kept {
    lock: Option<File>,
    group: Option<Group>,
    first: Option<Pid>,
    relay: Option<Pid>,
    sidecar: Option<Pid>,
    /// Whether there is nothing to stay for but the sidecar.
    serves: bool,
}

impl Kept {
    fn serve(&mut self, service: &Service, files: Vec<OwnedFd>) -> Result<(), String> {
        self.serves = true;
        let locked =
            lock(&service.folder).map_err(|error| format!("cannot take the bottle's lock: {error}"))?;
        self.lock = Some(locked);
        let started = start_sidecar(&service.sidecar, files);
        self.sidecar = Some(started.map_err(|error| format!("cannot start the sidecar: {error}"))?);
        Ok(())
    }

    fn start(&mut self, spec: &GuestSpec, files: Vec<OwnedFd>) -> Result<(), String> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| format!("cannot {what}: {error}")
        };
        self.lock = Some(lock(&spec.folder).map_err(failed("take the bottle's lock"))?);
        let commands = listen(&spec.folder).map_err(failed("listen for commands"))?;
        self.group = Group::make(&spec.folder, &spec.hostname, &spec.limits)
            .map_err(failed("bound the guest's processes"))?;
        if let Some(sidecar) = &spec.sidecar {
            let started = start_sidecar(sidecar, files).map_err(failed("start the sidecar"))?;
            self.sidecar = Some(started);
        }
        let shared = self.guest(spec, commands)?;
        if let Some(relay) = &spec.relay {
            let started = cell::start(relay, spec.users, &shared).map_err(failed("start the relay"))?;
            self.relay = Some(started);
        }
        Ok(())
    }

    /// Starts the first process and waits until it takes commands.
    fn guest(&mut self, spec: &GuestSpec, commands: UnixListener) -> Result<Shared, String> {
        let failed = |error: io::Error| format!("cannot make the guest's namespaces: {error}");
        let sources = match spec.users {
            Users::Own => None,
            Users::Range { .. } => Some(Sources::open(&spec.tree).map_err(|error| chain(&error))?),
        };
        let (go, mut say_go) = io::pipe().map_err(failed)?;
        let (report, say_report) = io::pipe().map_err(failed)?;
        let first = match sys::fork(NAMESPACES).map_err(failed)? {
            Fork::Child => {
                drop((say_go, report));
                let connected = Connected {
                    go: go.into(),
                    report: say_report.into(),
                    commands,
                };
                first::run(spec, sources, connected)
            }
            Fork::Parent(first) => first,
        };
        self.first = Some(first);
        drop((go, say_report, commands, sources));
        let grouped = self.group.as_ref().map_or(Ok(()), |group| group.add(first));
        grouped.map_err(|error| format!("cannot bound the guest's processes: {error}"))?;
        let shared = idmap::of_guest(first, spec.users).and_then(|()| {
            Ok(Shared {
                users: namespace(first, "user")?,
                network: namespace(first, "net")?,
            })
        });
        let shared = shared.map_err(|error| format!("cannot give the guest its users: {error}"))?;
        say_go.write_all(&[0]).map_err(failed)?;
        let mut complaint = String::new();
        let read = report.take(MOST_COMPLAINT).read_to_string(&mut complaint);
        read.map_err(failed)?;
        if !complaint.is_empty() {
            return Err(complaint);
        }
        match waitpid(Some(first), WaitOptions::NOHANG) {
            Ok(None) => Ok(shared),
            _ => Err("the guest's first process ended".to_owned()),
        }
    }

    /// Waits until something ends: the guest, the relay, or this process's time.
    fn stay(&mut self, caller: &UnixStream, signals: &OwnedFd) -> io::Result<()> {
        let mut attended = true;
        loop {
            let mut watched = vec![PollFd::new(signals, PollFlags::IN)];
            if attended {
                watched.push(PollFd::new(caller, PollFlags::IN));
            }
            match poll(&mut watched, None) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            let happened = |at: usize| watched.get(at).is_some_and(|fd| !fd.revents().is_empty());
            let (signal, call) = (happened(0), happened(1));
            if call {
                match receive::<Order>(caller) {
                    Ok((Order::Stay, _)) => attended = false,
                    _ => return Ok(()),
                }
                leave_streams()?;
            }
            if signal && (sys::next_signal(signals)? != libc::SIGCHLD || self.has_ended()) {
                return Ok(());
            }
        }
    }

    /// Collects children. A sidecar that is gone leaves a guest of this keeper's without doors, and that is all.
    fn has_ended(&mut self) -> bool {
        let mut ended = false;
        while let Ok(Some((pid, _))) = rustix::process::wait(WaitOptions::NOHANG) {
            if self.sidecar == Some(pid) {
                self.sidecar = None;
                ended |= self.serves;
            }
            for place in [&mut self.first, &mut self.relay] {
                if *place == Some(pid) {
                    *place = None;
                    ended = true;
                }
            }
        }
        ended
    }

    /// Ends all of it: the guest first, so that nothing of it is left when the doors close.
    fn end(&mut self) {
        for process in [self.first.take(), self.relay.take()].into_iter().flatten() {
            kill_and_wait(process);
        }
        if let Some(group) = self.group.take() {
            group.remove();
        }
        if let Some(sidecar) = self.sidecar.take() {
            end_sidecar(sidecar);
        }
    }
}

/// Whoever holds this lock is the bottle's keeper; the file says who that is.
fn lock(folder: &Path) -> io::Result<File> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join(LOCK))?;
    let deadline = Instant::now() + LOCK_TIME;
    // Whoever looks whether there is a keeper holds it for a moment.
    while let Err(error) = file.try_lock() {
        if Instant::now() >= deadline {
            return Err(error.into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    file.set_len(0)?;
    (&file).write_all(std::process::id().to_string().as_bytes())?;
    Ok(file)
}

fn listen(folder: &Path) -> io::Result<UnixListener> {
    let socket = folder.join(SOCKET);
    match std::fs::remove_file(&socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = through_folder(&socket, |short| UnixListener::bind(short))?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn start_sidecar(sidecar: &Sidecar, files: Vec<OwnedFd>) -> io::Result<Pid> {
    let mut files = files.into_iter();
    let (Some(input), Some(output)) = (files.next(), files.next()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // Mounts are root's to make, or of whoever has a namespace of users.
    let is_root = rustix::process::geteuid().is_root();
    let namespaces = match (sidecar.instead.is_empty(), is_root) {
        (true, _) => 0,
        (false, true) => libc::CLONE_NEWNS,
        (false, false) => libc::CLONE_NEWNS | libc::CLONE_NEWUSER,
    };
    let (mut go, mut say_go) = io::pipe()?;
    match sys::fork(namespaces)? {
        Fork::Parent(sidecar) => {
            drop(go);
            let mapped = match namespaces & libc::CLONE_NEWUSER {
                0 => Ok(()),
                _ => idmap::of_itself(sidecar),
            };
            let told = mapped.and_then(|()| say_go.write_all(&[0]));
            told.inspect_err(|_| kill_and_wait(sidecar))?;
            Ok(sidecar)
        }
        Fork::Child => {
            drop(say_go);
            let mut become_sidecar = || -> io::Result<()> {
                end_with_keeper()?;
                go.read_exact(&mut [0])?;
                see_instead(&sidecar.instead)?;
                sys::unblock_signals();
                rustix::stdio::dup2_stdin(&input)?;
                rustix::stdio::dup2_stdout(&output)?;
                let mut command = Command::new(&sidecar.program);
                Err(command
                    .args(&sidecar.arguments)
                    .env_clear()
                    .current_dir("/")
                    .exec())
            };
            if let Err(error) = become_sidecar() {
                // The bottle's log, for whoever asks why there is no answer.
                let _unheard = writeln!(io::stderr(), "cannot run the sidecar: {error}");
            }
            sys::exit(1)
        }
    }
}

/// Puts files and folders into the places of others, in a namespace of this process's own.
fn see_instead(instead: &[(PathBuf, PathBuf)]) -> io::Result<()> {
    use rustix::mount::{MountPropagationFlags as Propagation, mount_bind, mount_change};
    if instead.is_empty() {
        return Ok(());
    }
    mount_change("/", Propagation::PRIVATE | Propagation::REC)?;
    for (seen, place) in instead {
        mount_bind(seen, place)?;
    }
    Ok(())
}

/// Lets go of the caller's stream, by which it could be spoken to.
pub(crate) fn leave_streams() -> io::Result<()> {
    let nothing = File::open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdin(&nothing)?)
}

fn kill_and_wait(process: Pid) {
    // A process that is gone is waited for all the same.
    let _gone = kill_process(process, Signal::KILL);
    let _collected = waitpid(Some(process), WaitOptions::empty());
}

fn end_sidecar(sidecar: Pid) {
    let _gone = kill_process(sidecar, Signal::TERM);
    let deadline = Instant::now() + SIDECAR_END;
    while Instant::now() < deadline {
        match waitpid(Some(sidecar), WaitOptions::NOHANG) {
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            _ => return,
        }
    }
    kill_and_wait(sidecar);
}

/// Renders an error and its sources in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
