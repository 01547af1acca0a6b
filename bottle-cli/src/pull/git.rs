//! The host's git, run so that nothing but its own code takes part: no hook, no remote, no program that a
//! configuration names, and no variable of the user's.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::guest::{beginning, said};
use crate::Host;

/// A git that was found on the host.
#[derive(Debug, Clone)]
pub(super) struct Git {
    program: PathBuf,
    env: Vec<(OsString, OsString)>,
}

/// One use of it.
pub(super) struct Call<'a> {
    /// The git folder that it works on; none while that is looked for.
    pub(super) folder: Option<&'a Path>,
    pub(super) arguments: Vec<OsString>,
    pub(super) input: Input,
    /// Where its output goes; it is collected otherwise.
    pub(super) output: Option<File>,
}

/// What a call reads.
pub(super) enum Input {
    Nothing,
    Text(String),
    /// From where the file stands.
    File(File),
}

/// Says why the host's git did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is none.
    #[error("there is no git on this machine's PATH")]
    None,
    /// It cannot be run.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It failed.
    #[error("git {command} failed: {said}")]
    Failed {
        /// Which command.
        command: String,
        /// What it said, as one line.
        said: String,
    },
    /// It took too long and was ended.
    #[error("git {command} did not end within {LIMIT:?}")]
    TimedOut {
        /// Which command.
        command: String,
    },
    /// It printed more than is collected.
    #[error("git {command} printed more than {MOST_OUTPUT} bytes")]
    TooMuch {
        /// Which command.
        command: String,
    },
}

/// The most time that one call may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// The most bytes that are collected of what one prints: half a million names of objects.
const MOST_OUTPUT: u64 = 64 << 20;
/// The most address space that one may have: objects can be made to fill any memory.
const MOST_MEMORY: u64 = 4 << 30;
/// What is set on every command line. A repository's own configuration is read before it.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "core.packedGitWindowSize=32m",
    "core.packedGitLimit=512m",
    "core.bigFileThreshold=64m",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
];
/// What the environment is, and nothing else.
const ENVIRONMENT: [(&str, &str); 14] = [
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_PAGER", "cat"),
    ("GIT_COMMITTER_NAME", "bottle"),
    ("GIT_COMMITTER_EMAIL", "bottle@localhost"),
    ("LC_ALL", "C"),
    ("TZ", "UTC"),
];

impl Git {
    /// Finds it in the folders of the command's `PATH`, of which those count that are named in full. It sees `home`, an
    /// empty folder, as its user's.
    pub(super) fn find(host: &Host, home: &Path) -> Result<Self, GitError> {
        let path = host.variables.get("PATH").map_or("", |path| path.expose());
        let folders = || {
            path.split(':')
                .map(Path::new)
                .filter(|folder| folder.is_absolute())
        };
        let program = folders().map(|folder| folder.join("git")).find(|file| {
            let meta = std::fs::metadata(file);
            meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        });
        let folders: Vec<&OsStr> = folders().map(Path::as_os_str).collect();
        let mut env: Vec<(OsString, OsString)> = ENVIRONMENT
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        env.push(("PATH".into(), folders.join(OsStr::new(":"))));
        env.push(("HOME".into(), home.into()));
        Ok(Self {
            program: program.ok_or(GitError::None)?,
            env,
        })
    }

    /// Adds a setting that comes before a repository's own, whatever is in its name.
    pub(super) fn set(&mut self, settings: impl IntoIterator<Item = (OsString, &'static str)>) {
        let mut count = 0;
        for (name, value) in settings {
            self.env.push((format!("GIT_CONFIG_KEY_{count}").into(), name));
            self.env
                .push((format!("GIT_CONFIG_VALUE_{count}").into(), value.into()));
            count += 1;
        }
        self.env
            .push(("GIT_CONFIG_COUNT".into(), count.to_string().into()));
    }

    /// Runs it and returns what it prints.
    pub(super) async fn run(&self, call: Call<'_>) -> Result<Vec<u8>, GitError> {
        let command = name_of(&call.arguments);
        let done = tokio::time::timeout(LIMIT, self.to_its_end(call, &command)).await;
        let (success, output, complaint) = done.map_err(|_| GitError::TimedOut {
            command: command.clone(),
        })??;
        match success {
            true => Ok(output),
            false => Err(GitError::Failed {
                command,
                said: said(&complaint),
            }),
        }
    }

    async fn to_its_end(&self, call: Call<'_>, command: &str) -> Result<(bool, Vec<u8>, Vec<u8>), GitError> {
        let failed = |source| GitError::Run {
            program: self.program.clone(),
            source,
        };
        let (mut child, text) = self.spawn(call).map_err(failed)?;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(mut input), Some(text)) = (input, text) {
                // One that does not read to the end says why by its status.
                let _ = input.write_all(text.as_bytes()).await;
            }
            Ok(())
        };
        let mut collected = Vec::new();
        let collect = async {
            let Some(output) = output else { return Ok(()) };
            let read = output.take(MOST_OUTPUT + 1).read_to_end(&mut collected).await;
            match read.map_err(failed)? as u64 > MOST_OUTPUT {
                true => Err(GitError::TooMuch {
                    command: command.to_owned(),
                }),
                false => Ok(()),
            }
        };
        let listen = async {
            match errors {
                Some(errors) => Ok(beginning(errors).await),
                None => Ok(Vec::new()),
            }
        };
        let ((), (), complaint) = tokio::try_join!(feed, collect, listen)?;
        let status = child.wait().await.map_err(failed)?;
        Ok((status.success(), collected, complaint))
    }

    fn spawn(&self, call: Call<'_>) -> io::Result<(Child, Option<String>)> {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.env.iter().cloned())
            .current_dir("/")
            .kill_on_drop(true)
            .arg("--no-pager")
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        if let Some(folder) = call.folder {
            let mut argument = OsString::from("--git-dir=");
            argument.push(folder);
            command.arg(argument);
        }
        let (input, text) = match call.input {
            Input::Nothing => (Stdio::null(), None),
            Input::Text(text) => (Stdio::piped(), Some(text)),
            Input::File(file) => (file.into(), None),
        };
        command
            .args(call.arguments)
            .stdin(input)
            .stdout(call.output.map_or_else(Stdio::piped, Stdio::from))
            .stderr(Stdio::piped());
        let child = command.spawn()?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let most = Rlimit {
            current: Some(MOST_MEMORY),
            maximum: Some(MOST_MEMORY),
        };
        // One that has ended by now needs no limit.
        let _ = pid.map(|pid| prlimit(Some(pid), Resource::As, most));
        Ok((child, text))
    }
}

/// Makes a call of words.
pub(super) fn call<'a>(folder: &'a Path, arguments: &[&str]) -> Call<'a> {
    Call {
        folder: Some(folder),
        arguments: arguments.iter().map(OsString::from).collect(),
        input: Input::Nothing,
        output: None,
    }
}

impl Call<'_> {
    pub(super) fn reading(self, input: Input) -> Self {
        Self { input, ..self }
    }
}

/// Returns the command's name: the first word that is no option and no value of one.
fn name_of(arguments: &[OsString]) -> String {
    let words = arguments.iter().map(|word| word.to_string_lossy());
    let of_option = |word: &str| word.starts_with(['-', '/']) || word.contains('=');
    let mut words = words.skip_while(|word| of_option(word));
    words.next().unwrap_or_default().into_owned()
}
