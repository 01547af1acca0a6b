//! The guest's commands: always through the relay's binary, which is ours whatever the image holds.

use bottle_backend::{ExecCommand, ExecError, ExecOutput, ExecUser};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::exec::{CollectError, Collected, Exec, MOST_OUTPUT, run};
use crate::labels::AgentUser;
use crate::spec::RELAY;

/// Root's variables, whatever the image or the manifest say.
const ROOT_ENV: [(&str, &str); 3] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("HOME", "/root"),
    ("USER", "root"),
];

/// Returns what the engine is asked to run for a command. It starts in `/`; the relay changes the folder.
pub(crate) fn guest_exec(command: &ExecCommand, user: AgentUser, tty: bool) -> Exec {
    let directory = command.directory.as_ref().map_or("/", |path| path.as_str());
    let mut argv: Vec<String> = [RELAY, "exec", "--cwd", directory, "--"]
        .map(str::to_owned)
        .to_vec();
    argv.extend(command.argv.iter().cloned());
    let mut env = Vec::new();
    let mut user = user.to_string();
    if command.user == ExecUser::Root {
        user = "0:0".to_owned();
        env.extend(ROOT_ENV.map(|(name, value)| Zeroizing::new(format!("{name}={value}"))));
    }
    let own = command.env.iter();
    env.extend(own.map(|(name, value)| Zeroizing::new(format!("{name}={}", value.expose()))));
    Exec { argv, user, env, tty }
}

/// Runs a command to its end, within its limit.
pub(crate) async fn collected(
    engine: &Engine,
    container: &str,
    user: AgentUser,
    command: &ExecCommand,
) -> Result<ExecOutput, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let exec = guest_exec(command, user, false);
    let done = tokio::time::timeout(command.limit, run(engine, container, &exec, &command.stdin)).await;
    let limit = command.limit;
    match done {
        Ok(Ok(Collected {
            status,
            stdout,
            stderr,
        })) => Ok(ExecOutput {
            status,
            stdout,
            stderr,
        }),
        Ok(Err(CollectError::TooMuch)) => Err(ExecError::TooMuchOutput {
            program,
            limit: MOST_OUTPUT,
        }),
        Ok(Err(error)) => Err(ExecError::Engine {
            program,
            source: error.into(),
        }),
        Err(_) => Err(ExecError::TimedOut { program, limit }),
    }
}
