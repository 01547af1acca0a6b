//! What the tests of both binaries share.
#![expect(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod agent;
pub(crate) mod sidecar;
pub(crate) mod skip;

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub(crate) const RELAY: &str = env!("CARGO_BIN_EXE_bottle-relay");

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A child that does not outlive its test.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        signal_process(self.pid(), signal);
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        until("the process ends", || self.0.try_wait().unwrap())
    }

    /// Waits for the end and returns what it wrote to its piped standard error.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        let status = self.wait();
        let mut text = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut text).unwrap();
        }
        (status.code(), text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

pub(crate) fn signal_process(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Asks again and again until there is an answer.
pub(crate) fn until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A relay as an ordinary process of the host.
pub(crate) struct Relay {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Relay {
    pub(crate) fn start(socket: &Path) -> Self {
        let port = free_port();
        let pair = format!("{port}={}", socket.display());
        let process = Process::start(
            Command::new(RELAY)
                .args(["--unwatched", &pair])
                .stderr(Stdio::piped()),
        );
        until("the relay listens", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Self { process, port }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// Tells whether a test that needs root can run, and says so when it cannot.
pub(crate) fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: {test} needs root to make namespaces");
    }
    root
}

/// A command that runs in a fresh network namespace whose loopback is up, as a guest's.
pub(crate) fn in_fresh_network(program: &str) -> Command {
    let mut command = Command::new("unshare");
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    command.args(["--net", "--", "sh", "-c", script, program]);
    command
}

/// A folder of executables that lie about everything.
pub(crate) fn liars() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "ip", "ifconfig", "route", "ss", "netstat", "cat", "ls", "sh", "getent", "curl", "ping", "true",
        "env", "id",
    ];
    for name in names {
        let path = folder.path().join(name);
        std::fs::write(&path, "#!/bin/sh\necho '{\"ok\":true,\"findings\":[]}'\nexit 0\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

pub(crate) fn path_in(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// The children of a process's first thread.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let words = text.split_whitespace();
    words.map(|word| word.parse().unwrap()).collect()
}
