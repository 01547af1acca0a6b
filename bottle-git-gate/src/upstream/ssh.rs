//! ssh: one pinned host key, one credential in an agent's memory, no file of any user's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bottle_util::files;
use bottle_wire::git_gate::{GitCredential, RepoBoot};
use tokio::process::{Child, Command};

use super::address::Address;
use super::connection::{Connection, Lease};
use super::passphrase;
use crate::child::{self, Patience};
use crate::git::Call;
use crate::limits::CONNECTION_IDLE;
use crate::settings::{OpenError, Programs, SshPrograms};

#[derive(Debug)]
pub(super) struct Ssh {
    /// The command, quoted for a shell, which is how git wants it.
    command: String,
    /// What its calls share; none where the address is not of the plainest kind.
    connection: Option<Connection>,
    /// The agent that holds a key of ours; it ends with this.
    _agent: Option<Child>,
}

/// How long an agent may take to start, and to take a key.
const AGENT_TIME: Duration = Duration::from_secs(10);

impl Ssh {
    pub(super) async fn open(boot: &RepoBoot, programs: &Programs, folder: &Path) -> Result<Self, OpenError> {
        let ssh = programs.ssh.as_ref().map_err(|missing| OpenError::Program {
            repo: boot.repo.name.to_string(),
            source: missing.clone(),
        })?;
        let known_hosts = folder.join("known_hosts");
        write(&known_hosts, &pinned(boot))?;
        let (agent, socket) = match &boot.credential {
            Some(GitCredential::Key(_)) => {
                let socket = folder.join("agent");
                (
                    Some(start_agent(ssh, &programs.worker, &socket, boot).await?),
                    Some(socket),
                )
            }
            Some(GitCredential::Agent(socket)) => (None, Some(socket.clone())),
            _ => (None, None),
        };
        let mut identities = Vec::new();
        if let Some(socket) = &socket {
            if let Some(GitCredential::Key(key)) = &boot.credential {
                add(ssh, socket, key.0.expose().as_bytes(), boot).await?;
            }
            identities = list(ssh, socket, folder, boot).await?;
        }
        let options = options(&known_hosts, socket.as_deref(), &identities);
        let shared = folder.join("ssh");
        let address = Address::of(&boot.repo.url);
        let connection = address.is_plain().then(|| {
            let words = sharing(ssh, &programs.worker, &options, &address, &shared);
            Connection::new(words, &shared, CONNECTION_IDLE)
        });
        Ok(Self {
            command: command(ssh, &options, connection.is_some().then_some(&shared)),
            connection,
            _agent: agent,
        })
    }

    pub(super) async fn lease(&self) -> Option<Lease> {
        match &self.connection {
            Some(connection) => Some(connection.lease().await),
            None => None,
        }
    }

    pub(super) fn arm(&self, call: Call) -> Call {
        call.env("GIT_SSH_COMMAND", &self.command)
            .env("GIT_SSH_VARIANT", "ssh")
    }
}

/// What holds for every connection.
fn options(known_hosts: &Path, agent: Option<&Path>, identities: &[PathBuf]) -> Vec<String> {
    let mut options: Vec<String> = [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "GlobalKnownHostsFile=/dev/null",
        "UpdateHostKeys=no",
        "VerifyHostKeyDNS=no",
        "CheckHostIP=no",
        "IdentitiesOnly=yes",
        "PreferredAuthentications=publickey",
        "PasswordAuthentication=no",
        "KbdInteractiveAuthentication=no",
        "GSSAPIAuthentication=no",
        "HostbasedAuthentication=no",
        "ConnectTimeout=10",
        "ConnectionAttempts=1",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=2",
        "ProxyCommand=none",
        "ProxyJump=none",
        "PermitLocalCommand=no",
        "ForwardAgent=no",
        "ForwardX11=no",
        "ClearAllForwardings=yes",
        "AddKeysToAgent=no",
        "EscapeChar=none",
        "LogLevel=ERROR",
        "CanonicalizeHostname=no",
        "PKCS11Provider=none",
        // Without it an upstream answers as it did long ago, and does not say which refs stand for others; whoever shares
        // a connection sends what that one may send.
        "SendEnv=GIT_PROTOCOL",
    ]
    .map(str::to_owned)
    .into();
    options.push(format!("UserKnownHostsFile={}", known_hosts.display()));
    let agent = agent.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    options.push(format!("IdentityAgent={agent}"));
    match identities.is_empty() {
        true => options.push("IdentityFile=none".to_owned()),
        false => options.extend(
            identities
                .iter()
                .map(|path| format!("IdentityFile={}", path.display())),
        ),
    }
    options
}

/// The command that git runs, which uses a shared connection if one is there.
fn command(ssh: &SshPrograms, options: &[String], shared: Option<&PathBuf>) -> String {
    let shared = shared.map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    let mut words = vec![ssh.client.to_string_lossy().into_owned()];
    words.extend(["-F", "none", "-T"].map(str::to_owned));
    let control = ["ControlMaster=no".to_owned(), format!("ControlPath={shared}")];
    let options = options.iter().cloned().chain(control);
    words.extend(options.flat_map(|option| ["-o".to_owned(), option]));
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    quoted.join(" ")
}

/// The words that make a connection which others share and which ends with the gate; it runs nothing over there itself.
fn sharing(
    ssh: &SshPrograms,
    worker: &[OsString],
    options: &[String],
    address: &Address<'_>,
    shared: &Path,
) -> Vec<OsString> {
    let mut words = crate::git::carried_by(worker, 0, None);
    words.push(ssh.client.clone().into());
    words.extend(["-F", "none", "-T", "-N"].map(OsString::from));
    let control = [
        "ControlMaster=yes".to_owned(),
        format!("ControlPath={}", shared.display()),
    ];
    for option in options.iter().cloned().chain(control) {
        words.extend([OsString::from("-o"), option.into()]);
    }
    words.extend(["-p", address.port].map(OsString::from));
    if let Some(user) = address.user {
        words.extend(["-l", user].map(OsString::from));
    }
    words.extend(["--", address.host].map(OsString::from));
    words
}

/// The one line of `known_hosts`; without a pinned key there is none, and no host is believed.
fn pinned(boot: &RepoBoot) -> String {
    let Address { host, port, .. } = Address::of(&boot.repo.url);
    let host = host.to_lowercase();
    let host = if port == "22" {
        host
    } else {
        format!("[{host}]:{port}")
    };
    boot.repo
        .host_key
        .as_ref()
        .map_or_else(String::new, |key| format!("{host} {key}\n"))
}

/// Starts an agent of ours: ssh reads keys from files or agents only, and a key is never in a file.
async fn start_agent(
    ssh: &SshPrograms,
    worker: &[OsString],
    socket: &Path,
    boot: &RepoBoot,
) -> Result<Child, OpenError> {
    let failed = |reason: String| key_error(boot, reason);
    let _stale = std::fs::remove_file(socket);
    let no_worker = || failed("there is no worker".to_owned());
    let (worker, first) = worker.split_first().ok_or_else(no_worker)?;
    let mut command = Command::new(worker);
    command
        .args(first)
        .arg("agent")
        .arg(&ssh.agent)
        .arg(socket)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    let child = command
        .spawn()
        .map_err(|error| failed(format!("no ssh-agent: {error}")))?;
    let connected = async {
        while tokio::net::UnixStream::connect(socket).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let started = tokio::time::timeout(AGENT_TIME, connected).await;
    started.map_err(|_| failed("ssh-agent does not answer".to_owned()))?;
    Ok(child)
}

const PASSPHRASE: &str = "it has a passphrase, which nobody is there to type; \
     add it to your ssh agent (`ssh-add FILE`) and write `key: {provider: ssh-agent}`";

async fn add(ssh: &SshPrograms, socket: &Path, key: &[u8], boot: &RepoBoot) -> Result<(), OpenError> {
    if passphrase::is_needed(&String::from_utf8_lossy(key)) {
        return Err(key_error(boot, PASSPHRASE.to_owned()));
    }
    let mut text = key.to_vec();
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let done = ssh_add(ssh, socket, &["-q", "-"], &text).await;
    match done {
        Ok(done) if done.status.success() => Ok(()),
        // What it says names no part of the key.
        Ok(done) => Err(key_error(
            boot,
            crate::text::last_lines(&done.stderr, 1).join(" "),
        )),
        Err(error) => Err(key_error(boot, error.to_string())),
    }
}

/// Writes the public half of each key that an agent holds, so that ssh offers these and no other.
async fn list(
    ssh: &SshPrograms,
    socket: &Path,
    folder: &Path,
    boot: &RepoBoot,
) -> Result<Vec<PathBuf>, OpenError> {
    let done = ssh_add(ssh, socket, &["-L"], b"").await;
    let done = done.map_err(|error| key_error(boot, error.to_string()))?;
    if !done.status.success() {
        let said = [done.stdout, done.stderr].concat();
        return Err(key_error(boot, crate::text::last_lines(&said, 1).join(" ")));
    }
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let mut identities = Vec::new();
    for (number, key) in text.lines().filter(|line| !line.is_empty()).enumerate() {
        let path = folder.join(format!("key{number}.pub"));
        write(&path, &format!("{key}\n"))?;
        identities.push(path);
    }
    Ok(identities)
}

async fn ssh_add(
    ssh: &SshPrograms,
    socket: &Path,
    arguments: &[&str],
    input: &[u8],
) -> Result<child::Done, child::ChildError> {
    let mut command = std::process::Command::new(&ssh.add);
    command
        .args(arguments)
        .env_clear()
        .env("SSH_AUTH_SOCK", socket)
        .env("SSH_ASKPASS_REQUIRE", "never")
        .env("HOME", "/nonexistent");
    let patience = Patience {
        silence: AGENT_TIME,
        total: AGENT_TIME,
    };
    child::run(command, input, patience).await
}

fn key_error(boot: &RepoBoot, reason: String) -> OpenError {
    let repo = boot.repo.name.to_string();
    OpenError::Key { repo, reason }
}

fn write(path: &Path, text: &str) -> Result<(), OpenError> {
    files::write_private(path, text.as_bytes()).map_err(|source| OpenError::Folder {
        path: path.to_owned(),
        source,
    })
}
