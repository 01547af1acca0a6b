//! A host of git repositories over ssh: the machine's own sshd and git, with a configuration, a host key and a user's
//! key of its own.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::harness::{Reason, Stage, skip};

const SSHD: &str = "/usr/sbin/sshd";
/// How long a start may take.
const START: Duration = Duration::from_secs(20);

/// A running host with one repository, `app.git`, that holds one commit with the file `README` on `main`.
#[derive(Debug)]
pub struct SshHost {
    folder: TempDir,
    child: Child,
    address: SocketAddr,
    user: String,
}

impl SshHost {
    /// Starts a host, or says that this test is skipped where no sshd is installed.
    pub fn start_or_skip(test: &str, address: IpAddr) -> Result<Option<Self>> {
        if !Path::new(SSHD).is_file() {
            skip(test, Reason::Missing("sshd (openssh-server)"))?;
            return Ok(None);
        }
        Self::start(address).map(Some)
    }

    fn start(address: IpAddr) -> Result<Self> {
        let folder = TempDir::with_prefix("ssh-host-")?;
        for name in ["host", "user"] {
            let file = folder.path().join(name);
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]);
            ensure!(keygen.arg(file).status()?.success(), "ssh-keygen failed");
        }
        make_repository(folder.path())?;
        let address = SocketAddr::new(address, free_port(address)?);
        let config = folder.path().join("config");
        fs::write(&config, configuration(folder.path(), address))?;
        // Where sshd wants to give up privileges.
        let _there = fs::create_dir_all("/run/sshd");
        let mut sshd = Command::new(SSHD);
        sshd.args(["-D", "-e", "-f"]).arg(&config).stderr(Stdio::null());
        let user = Command::new("id").arg("-un").output()?.stdout;
        let host = Self {
            child: sshd.spawn().context("cannot start sshd")?,
            address,
            user: String::from_utf8(user)?.trim().to_owned(),
            folder,
        };
        let end = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < end, "sshd does not listen on {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(host)
    }

    /// The repository's address.
    #[must_use]
    pub fn url(&self) -> String {
        let path = self.folder.path().join("app.git");
        format!("ssh://{}@{}{}", self.user, self.address, path.display())
    }

    /// Writes the user's key beside a stage's bottles and adds the repository to one of them.
    pub fn add_to(&self, stage: &Stage, bottle: &str) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let key = stage.write("bottles/id_app", &self.key()?)?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        self.add_with(stage, bottle, "{provider: static, path: id_app}")
    }

    /// Starts an agent that holds the user's key, for whoever a stage is for, and adds the repository to a bottle with it.
    pub fn add_with_agent(&self, stage: &mut Stage, bottle: &str) -> Result<SshAgent> {
        let socket = stage.home().join("agent");
        let mut agent = stage.another_command("/usr/bin/ssh-agent")?;
        let agent = SshAgent(
            agent
                .arg("-D")
                .arg("-a")
                .arg(&socket)
                .stdout(Stdio::null())
                .spawn()?,
        );
        let end = Instant::now() + START;
        while !socket.exists() {
            ensure!(Instant::now() < end, "no ssh-agent");
            std::thread::sleep(Duration::from_millis(20));
        }
        stage.set("SSH_AUTH_SOCK", &socket.to_string_lossy());
        let mut add = stage.another_command("/usr/bin/ssh-add")?;
        let key = fs::File::open(self.folder.path().join("user"))?;
        ensure!(
            add.args(["-q", "-"]).stdin(key).status()?.success(),
            "ssh-add failed"
        );
        self.add_with(stage, bottle, "{provider: ssh-agent}")?;
        Ok(agent)
    }

    fn add_with(&self, stage: &Stage, bottle: &str, key: &str) -> Result<()> {
        let host_key = fs::read_to_string(self.folder.path().join("host.pub"))?;
        let host_key: Vec<&str> = host_key.split(' ').take(2).collect();
        let lines = format!(
            "git-gate:
  user: {{name: Ada, email: ada@example.com}}
  repos:
    app:
      url: {url}
      host_key: {host_key}
      key: {key}
      branches: ['work/*']
",
            url = self.url(),
            host_key = host_key.join(" "),
        );
        stage.add_to_bottle(bottle, &lines)
    }

    /// The user's private key.
    pub fn key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("user"))?)
    }

    /// The branches that the repository has.
    pub fn branches(&self) -> Result<Vec<String>> {
        let format = "--format=%(refname:short)";
        let listed = git(&self.folder.path().join("app.git"), &["for-each-ref", format])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    /// The files at a branch.
    pub fn files(&self, branch: &str) -> Result<Vec<String>> {
        let listed = git(
            &self.folder.path().join("app.git"),
            &["ls-tree", "-r", "--name-only", branch],
        )?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    /// A file at a branch.
    pub fn read(&self, branch: &str, file: &str) -> Result<String> {
        git(
            &self.folder.path().join("app.git"),
            &["show", &format!("{branch}:{file}")],
        )
    }
}

/// An agent that ends when this is dropped.
#[derive(Debug)]
pub struct SshAgent(Child);

impl Drop for SshAgent {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _collected = self.0.wait();
    }
}

impl Drop for SshHost {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _collected = self.child.wait();
    }
}

fn free_port(address: IpAddr) -> Result<u16> {
    Ok(TcpListener::bind((address, 0))?.local_addr()?.port())
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    format!(
        "Port {port}
ListenAddress {ip}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
AcceptEnv GIT_PROTOCOL
MaxStartups 100
",
        port = address.port(),
        ip = address.ip(),
        folder = folder.display(),
    )
}

fn make_repository(folder: &Path) -> Result<()> {
    let work: PathBuf = folder.join("work");
    fs::create_dir(&work)?;
    fs::write(work.join("README"), "cloned\n")?;
    git(&work, &["init", "--quiet", "--initial-branch", "main"])?;
    git(&work, &["add", "README"])?;
    git(&work, &["commit", "--quiet", "-m", "First"])?;
    git(&work, &["clone", "--quiet", "--bare", ".", "../app.git"])?;
    Ok(())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let git = Command::new("git")
        .args(["-c", "user.name=Host", "-c", "user.email=host@bottle.invalid"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("HOME", folder)
        .output()
        .context("cannot start git")?;
    let said = String::from_utf8_lossy(&git.stderr);
    ensure!(git.status.success(), "git {arguments:?}: {said}");
    Ok(String::from_utf8(git.stdout)?)
}
