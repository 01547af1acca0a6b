//! git as a child: nobody's configuration, nobody's environment, nobody's hooks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bottle_util::Secret;

use crate::space::Share;
use crate::worker::{CARRY, UNBOUNDED};

/// One call of git.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The command that becomes git, if another one does.
    front: Vec<OsString>,
    input: Option<Secret>,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
    config: usize,
    /// How large a file it may write.
    file_bytes: Option<u64>,
}

/// What holds for every call.
const CONFIG: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("core.useReplaceRefs", "false"),
    ("core.fsmonitor", "false"),
    // An empty list of grafts is given so that none is read, and git would call that outdated.
    ("advice.graftFileDeprecated", "false"),
    // Beyond it objects are streamed, never held in memory, and not deltified.
    ("core.bigFileThreshold", "16m"),
    ("pack.windowMemory", "256m"),
    // What is mapped of packs at a time, out of the addresses that a worker has.
    ("core.packedGitWindowSize", "32m"),
    ("core.packedGitLimit", "512m"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("push.recurseSubmodules", "no"),
    ("push.gpgSign", "false"),
    ("push.negotiate", "false"),
    ("credential.helper", ""),
    ("http.followRedirects", "false"),
    ("http.sslVerify", "true"),
    ("http.proxy", ""),
    ("protocol.allow", "never"),
    ("protocol.ssh.allow", "always"),
    ("protocol.https.allow", "always"),
    ("safe.directory", "*"),
];

impl Call {
    /// A call in a bare repository.
    pub(crate) fn new(git: &Path, repository: &Path) -> Self {
        let mut call = Self {
            front: Vec::new(),
            input: None,
            program: git.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: repository.to_owned(),
            config: 0,
            file_bytes: None,
        };
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_GRAFT_FILE", "/dev/null"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", "false"),
            ("SSH_ASKPASS_REQUIRE", "never"),
            ("GIT_ALLOW_PROTOCOL", "ssh:https"),
            ("GIT_FLUSH", "1"),
            // There is nothing of a user's in it: no folder of that name exists.
            ("HOME", "/nonexistent"),
            ("XDG_CONFIG_HOME", "/nonexistent"),
            ("PATH", "/usr/bin:/bin:/usr/local/bin"),
            ("LC_ALL", "C"),
        ] {
            call = call.env(name, value);
        }
        call = call.env("GIT_DIR", repository);
        CONFIG
            .iter()
            .fold(call, |call, (key, value)| call.config(key, value))
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets a value for this call and its children, in no argument.
    pub(crate) fn config(self, key: &str, value: &str) -> Self {
        let number = self.config;
        let mut call = self
            .env(&format!("GIT_CONFIG_KEY_{number}"), key)
            .env(&format!("GIT_CONFIG_VALUE_{number}"), value);
        call.config += 1;
        let count = call.config.to_string();
        call.env("GIT_CONFIG_COUNT", count)
    }

    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Lets it see quarantined objects beside those of its repository.
    pub(crate) fn quarantined(self, objects: &Path) -> Self {
        let own = self.folder.join("objects");
        self.env("GIT_OBJECT_DIRECTORY", objects)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", own)
    }

    /// Bounds each file that it writes, if it is started by the worker's command.
    pub(crate) fn within(self, share: &Share) -> Self {
        Self {
            file_bytes: Some(share.file()),
            ..self
        }
    }

    /// Lets it be started by the worker's command, which hands it further configuration and ends it with this process.
    pub(crate) fn carrying(self, worker: &[OsString], configuration: Option<Secret>) -> Self {
        let number = self.config;
        let mut call = match configuration {
            Some(_) => self.config("include.path", ""),
            None => self,
        };
        call.front = carried_by(worker, number, call.file_bytes);
        call.input = configuration;
        call
    }

    /// What is to be written to its standard input.
    pub(crate) fn input(&self) -> &[u8] {
        self.input.as_ref().map_or(b"", |input| input.expose().as_bytes())
    }

    /// As a command of the standard library.
    pub(crate) fn command(&self) -> std::process::Command {
        let mut words = self
            .front
            .iter()
            .map(OsString::as_os_str)
            .chain([self.program.as_os_str()]);
        let first = words.next().unwrap_or(self.program.as_os_str());
        let mut command = std::process::Command::new(first);
        command
            .args(words)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        command
    }
}

/// The words before a program that ends with this process.
pub(crate) fn carried_by(worker: &[OsString], number: usize, file_bytes: Option<u64>) -> Vec<OsString> {
    let own = [
        CARRY.to_owned(),
        std::process::id().to_string(),
        number.to_string(),
        file_bytes.map_or_else(|| UNBOUNDED.to_owned(), |bytes| bytes.to_string()),
    ];
    worker.iter().cloned().chain(own.map(OsString::from)).collect()
}
