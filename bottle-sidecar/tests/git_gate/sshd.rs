//! A real sshd on a port of loopback, with a configuration, a host key and a user's key of its own.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

pub(crate) struct Sshd {
    folder: tempfile::TempDir,
    child: Child,
    pub(crate) port: u16,
}

impl Sshd {
    /// Starts one whose sessions find this git first.
    pub(crate) fn start(git: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["host", "user", "other"] {
            let arguments = ["-q", "-t", "ed25519", "-N", "", "-f", &path(name)];
            assert!(
                Command::new("ssh-keygen")
                    .args(arguments)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        // What each session asks for is noted.
        let note = format!(
            "command=\"test -e {} && unset GIT_PROTOCOL; echo $SSH_ORIGINAL_COMMAND >> {}; \
             exec sh -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" ",
            path("old"),
            path("commands"),
        );
        let public = fs::read_to_string(path("user.pub")).unwrap();
        fs::write(path("authorized"), note + &public).unwrap();
        // Where sshd wants to give up privileges.
        let _there = fs::create_dir_all("/run/sshd");
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nAcceptEnv GIT_PROTOCOL\n\
             MaxStartups 100\nSetEnv PATH={}:/usr/bin:/bin\n",
            path("host"),
            path("authorized"),
            git.parent().unwrap().display(),
        );
        fs::write(path("config"), config).unwrap();
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f", &path("config")])
            .stderr(fs::File::create(path("log")).unwrap())
            .spawn()
            .expect("openssh-server is installed");
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { folder, child, port }
    }

    /// Answers as one does that does not let clients say which version of the protocol they speak.
    pub(crate) fn speak_as_long_ago(&self) {
        fs::write(self.folder.path().join("old"), "").unwrap();
    }

    pub(crate) fn url(&self, path: &Path) -> String {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(user).unwrap();
        format!("ssh://{}@127.0.0.1:{}{}", user.trim(), self.port, path.display())
    }

    /// How many sessions wanted to push.
    pub(crate) fn pushes(&self) -> usize {
        let commands = fs::read_to_string(self.folder.path().join("commands")).unwrap_or_default();
        commands
            .lines()
            .filter(|line| line.contains("git-receive-pack"))
            .count()
    }

    /// How often somebody came in.
    pub(crate) fn logins(&self) -> usize {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.lines()
            .filter(|line| line.contains("Accepted publickey"))
            .count()
    }

    pub(crate) fn host_key(&self) -> String {
        self.public("host")
    }

    pub(crate) fn other_host_key(&self) -> String {
        self.public("other")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    pub(crate) fn other_key(&self) -> PathBuf {
        self.folder.path().join("other")
    }

    fn public(&self, name: &str) -> String {
        let text = fs::read_to_string(self.folder.path().join(format!("{name}.pub"))).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _collected = self.child.wait();
    }
}

/// Makes a program of a script.
pub(crate) fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
