//! An upstream, a gate before it, and a client.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::https::{self, Https};
use crate::sshd::Sshd;

/// How the gate reaches its upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Ssh,
    Https,
}

pub(crate) struct World {
    pub(crate) root: tempfile::TempDir,
    pub(crate) git: PathBuf,
    pub(crate) sshd: Sshd,
    https: Https,
    transport: Transport,
    pub(crate) gate: Option<Gate>,
}

pub(crate) struct Gate {
    pub(crate) child: Child,
    pub(crate) base: String,
}

impl World {
    /// An upstream with three commits on `main`, and a gate that lets `work/*` pass.
    pub(crate) fn new() -> Self {
        Self::with(Path::new("/usr/bin/git"), Transport::Ssh)
    }

    pub(crate) fn with(git: &Path, transport: Transport) -> Self {
        let root = tempfile::tempdir().unwrap();
        let upstream = root.path().join("host");
        fs::create_dir(&upstream).unwrap();
        let mut world = Self {
            sshd: Sshd::start(git),
            https: Https::start(git, &upstream),
            root,
            git: git.to_owned(),
            transport,
            gate: None,
        };
        let seed = world.path("seed");
        fs::create_dir(&seed).unwrap();
        world.ok(&seed, &["init", "--quiet", "--initial-branch", "main"]);
        for number in 1..=3 {
            world.commit(&seed, &format!("file{number}"), format!("content {number}\n"));
        }
        world.ok(&seed, &["tag", "-a", "-m", "first", "v1", "HEAD~1"]);
        let bare = world.upstream();
        world.ok(
            &seed,
            &["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()],
        );
        for (key, value) in [
            ("uploadpack.allowFilter", "true"),
            ("receive.advertisePushOptions", "true"),
            ("http.receivepack", "true"),
        ] {
            world.ok(&bare, &["config", key, value]);
        }
        world.start_gate("branches: ['work/*']");
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn upstream(&self) -> PathBuf {
        self.path("host/app.git")
    }

    /// Starts the gate anew, with further keys for its one repository.
    pub(crate) fn start_gate(&mut self, keys: &str) {
        self.start_gate_with(keys, |_| {});
    }

    pub(crate) fn start_gate_with(&mut self, keys: &str, change: impl FnOnce(&mut Command)) {
        let config = match self.transport {
            Transport::Ssh => format!(
                "url: '{}'\n      host_key: {}\n      key: {{provider: static, path: '{}'}}",
                self.sshd.url(&self.upstream()),
                self.sshd.host_key(),
                self.sshd.key().display(),
            ),
            Transport::Https => format!(
                "url: '{}'\n      key: {{provider: token, token_ref: GATE_TEST_TOKEN}}",
                self.https.url("app.git"),
            ),
        };
        self.start_gate_as(
            &format!("{config}\n      {}", keys.replace('\n', "\n      ")),
            change,
        );
    }

    pub(crate) fn start_gate_as(&mut self, keys: &str, change: impl FnOnce(&mut Command)) {
        self.gate = None;
        // From where the gate is started.
        let mut command = self.gate_command("gate.yaml", keys, Path::new("mirrors"));
        change(&mut command);
        self.gate = Some(Gate::start(command));
    }

    /// A gate of another bottle.
    pub(crate) fn another_gate(&self, config: &str, keys: &str, mirrors: &Path) -> Gate {
        Gate::start(self.gate_command(config, keys, mirrors))
    }

    /// Starts a gate that must not come up, and returns what it says.
    pub(crate) fn gate_ends(&self, keys: &str, change: impl FnOnce(&mut Command)) -> String {
        let mut command = self.gate_command("ends.yaml", keys, &self.path("unused"));
        change(&mut command);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        said(&output)
    }

    fn gate_command(&self, config: &str, keys: &str, mirrors: &Path) -> Command {
        let file = self.path(config);
        fs::write(&file, format!("git-gate:\n  repos:\n    app:\n      {keys}\n")).unwrap();
        let mut command = Command::new(crate::sidecar());
        command
            .args(["git-gate", "--listen", "tcp:127.0.0.1:0", "--config"])
            .arg(&file)
            .arg("--git")
            .arg(&self.git)
            .arg("--events")
            .arg(self.path("events"))
            .arg("--folder")
            .arg(mirrors)
            .arg("--upstream-ca")
            .arg(self.https.authority())
            .current_dir(self.root.path())
            .env("GATE_TEST_TOKEN", https::TOKEN);
        command
    }

    /// The upstream that is reached by HTTPS.
    pub(crate) fn https(&self) -> &Https {
        &self.https
    }

    /// Where the guest reaches the repository.
    pub(crate) fn url(&self) -> String {
        format!("{}/app.git", self.gate.as_ref().unwrap().base)
    }

    /// A clone through the gate, on a branch of its own.
    pub(crate) fn clone(&self) -> PathBuf {
        let work = self.path("work");
        self.ok(self.root.path(), &["clone", "--quiet", &self.url(), "work"]);
        self.ok(&work, &["switch", "--quiet", "-c", "work/x"]);
        work
    }

    /// git as a guest runs it.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command(folder, arguments).output().unwrap()
    }

    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.git);
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.root.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "file:http")
            .envs([
                ("GIT_AUTHOR_NAME", "Ada"),
                ("GIT_AUTHOR_EMAIL", "ada@example.com"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "Ada"),
                ("GIT_COMMITTER_EMAIL", "ada@example.com"),
            ]);
        command
    }

    /// Runs git, which must succeed, and returns what it printed.
    #[track_caller]
    pub(crate) fn ok(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Runs git, which must fail, and returns what it said.
    #[track_caller]
    pub(crate) fn fails(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.run(folder, arguments);
        assert!(
            !output.status.success(),
            "git {arguments:?} succeeded: {}",
            said(&output)
        );
        said(&output)
    }

    pub(crate) fn commit(&self, folder: &Path, file: &str, content: impl AsRef<[u8]>) -> String {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self.ok(folder, &["add", "--all"]);
        self.ok(
            folder,
            &["commit", "--quiet", "-m", &format!("change {}", file.len())],
        );
        self.ok(folder, &["rev-parse", "HEAD"])
    }

    /// The upstream's refs.
    pub(crate) fn refs(&self) -> String {
        self.ok(
            &self.upstream(),
            &["for-each-ref", "--format=%(refname) %(objectname)"],
        )
    }

    /// Pushes, which must be refused with these words, and must leave the upstream as it was, all objects included.
    #[track_caller]
    pub(crate) fn refused(&self, folder: &Path, arguments: &[&str], words: &[&str]) -> String {
        let (refs, objects) = (self.refs(), self.objects());
        let said = self.fails(folder, &[&["push"], arguments].concat());
        for word in words {
            assert!(said.contains(word), "{word:?} is not in:\n{said}");
        }
        assert_eq!(self.refs(), refs, "{said}");
        assert_eq!(self.objects(), objects, "{said}");
        assert_eq!(fs::read_dir(self.path("mirrors/quarantine")).unwrap().count(), 0);
        said
    }

    fn objects(&self) -> String {
        self.ok(&self.upstream(), &["count-objects", "-v"])
    }

    /// Waits until an event says this.
    #[track_caller]
    pub(crate) fn recorded(&self, words: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while !self.events().contains(words) {
            assert!(Instant::now() < end, "{words:?} is not in:\n{}", self.events());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn events(&self) -> String {
        fs::read_to_string(self.path("events")).unwrap_or_default()
    }
}

impl Gate {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = Vec::new();
        let base = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("the gate ended: {told:?}"))
                .unwrap();
            if let Some((_, address)) = line.split_once("address=tcp:") {
                break format!("http://{}", address.trim());
            }
            told.push(line);
        };
        std::thread::spawn(move || lines.for_each(|line| println!("gate: {}", line.unwrap_or_default())));
        Self { child, base }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _collected = self.child.wait();
    }
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs something that must be over in time.
#[track_caller]
pub(crate) fn within<T>(limit: Duration, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = run();
    assert!(start.elapsed() < limit, "it took {:?}", start.elapsed());
    done
}

/// A key that looks like a real one and opens nothing; never whole in this repository.
pub(crate) fn key() -> String {
    ["AKIA", "QRSTUV2WXYZ3ABCD"].concat()
}
