//! git as a child: nobody's configuration, nobody's environment, nobody's hooks.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One call of git.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
    config: usize,
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
            program: git.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: repository.to_owned(),
            config: 0,
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

    /// As a command of the standard library.
    pub(crate) fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder);
        command
    }
}
