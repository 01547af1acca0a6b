//! A sidecar as an ordinary process of the host.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bottle_plan::egress::EgressPlan;
use bottle_util::Secret;
use bottle_wire::boot::{Authority, Boot, BootAnswer, EgressBoot, WireSecret};
use bottle_wire::control::{ControlAnswer, ControlRequest, Status};
use bottle_wire::frame;

use super::{PATIENCE, Process, RELAY, until};

pub(crate) const SIDECAR: &str = env!("CARGO_BIN_EXE_bottle-sidecar");
/// The wall clock of every boot frame, in seconds since 1970.
const NOW: u64 = 1_790_000_000;
pub(crate) const CHAIN_KEY: &str = "chain key of a test";

/// A sidecar with folders of its own.
pub(crate) struct Sidecar {
    pub(crate) root: tempfile::TempDir,
    pub(crate) process: Process,
}

impl Sidecar {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    /// Starts one in folders that another may have used before.
    pub(crate) fn start_in(root: tempfile::TempDir) -> Self {
        // Where root runs the tests, the git gate's user passes through to its own folder.
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let process = Process::start(&mut command(&root, &root.path().join("run/control.sock")));
        Self { root, process }
    }

    pub(crate) fn booted() -> Self {
        let mut sidecar = Self::start();
        assert!(matches!(
            sidecar.boot(&boot(EgressPlan::default())),
            BootAnswer::Ready { .. }
        ));
        sidecar
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Sends bytes and ends standard input, as a command does that goes away.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let mut stdin = self.process.0.stdin.take().unwrap();
        stdin.write_all(bytes).unwrap();
    }

    pub(crate) fn answer(&mut self) -> BootAnswer {
        frame::read_blocking(self.process.0.stdout.as_mut().unwrap()).unwrap()
    }

    pub(crate) fn boot(&mut self, boot: &Boot) -> BootAnswer {
        self.send(&frame::encode(boot).unwrap());
        self.answer()
    }

    /// Sends bytes and returns why they were refused and the exit status.
    pub(crate) fn refuse(mut self, bytes: &[u8]) -> (String, String, Option<i32>) {
        self.send(bytes);
        match self.answer() {
            BootAnswer::Failed { part, reason } => (part, reason, self.process.end().0),
            BootAnswer::Ready { .. } => panic!("it was not refused"),
        }
    }

    pub(crate) fn ask(&self, request: &ControlRequest) -> ControlAnswer {
        let path = self.path("run/control.sock");
        let mut stream = until("the control socket is there", || UnixStream::connect(&path).ok());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&frame::encode(request).unwrap()).unwrap();
        frame::read_blocking(&mut stream).unwrap()
    }

    pub(crate) fn status(&self) -> Status {
        match self.ask(&ControlRequest::Status) {
            ControlAnswer::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    /// Returns every line of the event log.
    pub(crate) fn events(&self) -> Vec<String> {
        match self.ask(&ControlRequest::Drain { after: 0 }) {
            ControlAnswer::Events { lines, more: false } => lines,
            other => panic!("{other:?}"),
        }
    }

    /// Returns the processes of the doors.
    pub(crate) fn doors(&self) -> Vec<u32> {
        super::children(self.process.pid())
    }

    /// Connects to the egress door and asks for its list; returns the answer's first bytes.
    pub(crate) fn allowlist(&self) -> String {
        let mut stream = UnixStream::connect(self.path("doors/egress.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET http://_egress.local/allowlist HTTP/1.1\r\nHost: _egress.local\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    }
}

/// The command that starts a sidecar with this control socket in folders below `root`.
pub(crate) fn command(root: &tempfile::TempDir, control: &std::path::Path) -> Command {
    let mut command = Command::new(SIDECAR);
    command
        .args(["init", "--on-host"])
        .arg("--doors")
        .arg(root.path().join("doors"));
    command.arg("--control").arg(control);
    command.arg("--events").arg(root.path().join("events"));
    command.arg("--git").arg(root.path().join("git"));
    command.args(["--relay", RELAY]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.env("SIDECAR_TEST_VARIABLE", "of the caller");
    command
}

/// A boot frame with this policy and no credential.
pub(crate) fn boot(plan: EgressPlan) -> Boot {
    Boot {
        identity: "demo-0a1b2".parse().unwrap(),
        now: NOW,
        chain_key: secret(CHAIN_KEY),
        egress: EgressBoot {
            plan,
            tokens: [("bottle-0".parse().unwrap(), secret("token-of-a-test"))].into(),
            authority: authority(),
            roots: Vec::new(),
            upstream_roots: Vec::new(),
            host_addresses: Vec::new(),
        },
        git_gate: None,
        supervise: false,
    }
}

fn authority() -> Authority {
    let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(NOW);
    let minted = bottle_egress::mint("demo-0a1b2", now).unwrap();
    Authority {
        certificate: minted.certificate,
        key: WireSecret(minted.key),
    }
}

fn secret(text: &str) -> WireSecret {
    WireSecret(Secret::from(text.to_owned()))
}
