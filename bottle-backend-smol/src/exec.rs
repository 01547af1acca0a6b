//! Commands in the guest: run to their end, or with their streams open.
//!
//! Each is a call of smolvm's, which ends when the command does; a call that is killed takes the command with it.

mod noteless;
mod session;
mod terminal;

use std::process::Stdio;

use bottle_backend::{BoxError, ExecCommand, ExecError, ExecOutput, ExecUser, TerminalSize};
use bottle_host::{Pipes, collected};
use bottle_util::Secret;

use crate::client::Exec;
use crate::guest::{Entrance, Process, ROOT};

use noteless::Noteless;
pub(crate) use session::session;

/// The exit status of what a signal that cannot be held off has ended.
const KILLED: i32 = 128 + 9;
/// Root's variables, whatever the manifest says.
const ROOT_ENV: [(&str, &str); 3] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("HOME", "/root"),
    ("USER", "root"),
];

/// Runs a command to its end, and once more when it was killed: under load smolvm's own agent in the guest is known to
/// lose what it runs, and nothing of ours kills so.
pub(crate) async fn exec(entrance: &Entrance, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
    let done = exec_raw(entrance, command).await?;
    if done.status != KILLED {
        return Ok(done);
    }
    let program = command.argv.first().map(String::as_str).unwrap_or_default();
    tracing::warn!(program, machine = %entrance.guest.machine, "the command was killed and is run once more");
    exec_raw(entrance, command).await
}

async fn exec_raw(entrance: &Entrance, command: &ExecCommand) -> Result<ExecOutput, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let exec = Exec {
        input: !command.stdin.is_empty(),
        ..call(entrance, command, None)
    };
    let mut smolvm = entrance.smolvm.exec(&exec);
    smolvm
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = smolvm.spawn().map_err(|error| failed(&program, error))?;
    let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(input), Some(output), Some(errors)) = streams else {
        return Err(failed(&program, "smolvm has no streams"));
    };
    let pipes = Pipes {
        input,
        output,
        errors: Noteless::of(errors),
    };
    collected(command, &mut Process(child), pipes).await
}

/// Returns the call that runs a command where it was told. The relay's program becomes the user, with every restriction
/// that commands have elsewhere, enters the folder, follows no link out of the guest's files there, and says by its status
/// what a shell would.
fn call(entrance: &Entrance, command: &ExecCommand, size: Option<TerminalSize>) -> Exec {
    let guest = &entrance.guest;
    let directory = command.directory.as_ref().map_or("/", |path| path.as_str());
    let size = size.map(|size| format!("{}x{}", size.columns, size.rows));
    let mut words = vec!["exec", "--cwd", directory];
    if let Some(size) = &size {
        words.extend(["--size", size]);
    }
    let (user, group) = match command.user {
        ExecUser::Root => ROOT,
        ExecUser::Agent => guest.agent,
    };
    let (user, processes) = (format!("{user}:{group}"), guest.processes.to_string());
    words.extend(["--as", &user, "--processes", &processes]);
    words.push("--");
    words.extend(command.argv.iter().map(String::as_str));
    Exec {
        env: variables(entrance, command, size.is_some()),
        ..entrance.relay(ROOT, &words)
    }
}

fn variables(entrance: &Entrance, command: &ExecCommand, terminal: bool) -> Vec<(String, Secret)> {
    let mut env = entrance.guest.env.clone();
    if command.user == ExecUser::Root {
        env.extend(ROOT_ENV.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    if terminal {
        env.insert("TERM".to_owned(), "xterm".to_owned());
    }
    let own = command.env.iter();
    let own = own.map(|(name, value)| (name.to_string(), value.clone()));
    for (name, _) in own.clone() {
        env.remove(&name);
    }
    let common = env.into_iter().map(|(name, value)| (name, Secret::from(value)));
    common.chain(own).collect()
}

fn failed(program: &str, source: impl Into<BoxError>) -> ExecError {
    ExecError::Engine {
        program: program.to_owned(),
        source: source.into(),
    }
}
