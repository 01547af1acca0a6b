//! A command in a machine. Its streams are the caller's to wire.

use std::ffi::OsString;
use std::time::Duration;

use bottle_util::Secret;

use super::{Smolvm, call, named};

/// How a variable of the guest's is called on its way there, in the environment of the program that takes it there.
const ON_THE_WAY: &str = "BOTTLE_GUEST_";

/// A command in a machine.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The machine.
    pub machine: String,
    /// Who runs it; always said, since the machine's own user is its workload's.
    pub user: (u32, u32),
    /// Where it runs.
    pub directory: String,
    /// Its variables. They take the way of secrets: through the environment of `smolvm`, never its arguments.
    pub env: Vec<(String, Secret)>,
    /// Whether it reads what it is given; else its input is empty.
    pub input: bool,
    /// Whether it has a terminal; the caller's must then be one too.
    pub terminal: bool,
    /// The most time that it may take, if smolvm is to hold it to that.
    pub limit: Option<Duration>,
    /// Program and arguments.
    pub argv: Vec<String>,
}

impl Smolvm {
    /// Returns the call that runs a command. It is killed when it is dropped, and the command in the guest with it.
    #[must_use]
    pub fn exec(&self, exec: &Exec) -> tokio::process::Command {
        let mut command = call::command(self);
        command.args(self.words("exec", exec.arguments()));
        for (number, (_, value)) in exec.env.iter().enumerate() {
            command.env(format!("{ON_THE_WAY}{number}"), value.expose());
        }
        command
    }
}

impl Exec {
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut words = named(&self.machine);
        let mut add = |option: &str, value: String| words.extend([option.into(), value.into()]);
        add("--user", format!("{}:{}", self.user.0, self.user.1));
        add("--workdir", self.directory.clone());
        for (number, (name, _)) in self.env.iter().enumerate() {
            add("--secret-env", format!("{name}={ON_THE_WAY}{number}"));
        }
        if let Some(limit) = self.limit {
            add("--timeout", format!("{}s", limit.as_secs().max(1)));
        }
        if self.input {
            words.push("--interactive".into());
        }
        if self.terminal {
            words.push("--tty".into());
        }
        words.push("--".into());
        words.extend(self.argv.iter().map(OsString::from));
        words
    }
}
