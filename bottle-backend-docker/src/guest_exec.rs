//! The guest's commands: always through the relay's binary, which is ours whatever the image holds.

use std::time::Duration;

use bottle_backend::{ExecCommand, ExecError, ExecOutput, ExecUser, TerminalSize};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::exec::{CollectError, Collected, Exec, MOST_OUTPUT, run};
use crate::labels::AgentUser;
use crate::spec::RELAY;

/// The most time that ending what a command has started may take.
const END_LIMIT: Duration = Duration::from_secs(10);
/// Root's variables, whatever the image or the manifest say.
const ROOT_ENV: [(&str, &str); 3] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("HOME", "/root"),
    ("USER", "root"),
];

/// Returns what the engine is asked to run for a command. It starts in `/`; the relay changes the folder, and tells
/// the terminal its size before the program can ask.
pub(crate) fn guest_exec(
    command: &ExecCommand,
    user: AgentUser,
    size: Option<TerminalSize>,
    mark: Option<&Mark>,
) -> Exec {
    let directory = command.directory.as_ref().map_or("/", |path| path.as_str());
    let mut argv = [RELAY, "exec", "--cwd", directory].map(str::to_owned).to_vec();
    if let Some(TerminalSize { columns, rows }) = size {
        argv.extend(["--size".to_owned(), format!("{columns}x{rows}")]);
    }
    argv.push("--".to_owned());
    argv.extend(command.argv.iter().cloned());
    let mut env: Vec<_> = mark
        .map(|mark| Zeroizing::new(mark.0.clone()))
        .into_iter()
        .collect();
    let mut user = user.to_string();
    if command.user == ExecUser::Root {
        user = "0:0".to_owned();
        env.extend(ROOT_ENV.map(|(name, value)| Zeroizing::new(format!("{name}={value}"))));
    }
    let own = command.env.iter();
    env.extend(own.map(|(name, value)| Zeroizing::new(format!("{name}={}", value.expose()))));
    Exec {
        argv,
        user,
        env,
        tty: size.is_some(),
    }
}

/// A variable that one exec gives, by which what it started is found again.
pub(crate) struct Mark(String);

impl Mark {
    /// Makes one that nobody else has; none when the system has no random numbers.
    fn fresh() -> Option<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        Some(Self(format!(
            "BOTTLE_EXEC={}",
            data_encoding::HEXLOWER.encode(&random)
        )))
    }
}

/// Kills what an exec has started, as far as it can be found.
async fn end(engine: &Engine, container: &str, user: &str, mark: &Mark) {
    let exec = Exec {
        argv: [RELAY, "end", &mark.0].map(str::to_owned).to_vec(),
        user: user.to_owned(),
        env: Vec::new(),
        tty: false,
    };
    let ended = tokio::time::timeout(END_LIMIT, run(engine, container, &exec, &[])).await;
    if !matches!(&ended, Ok(Ok(done)) if done.status == 0) {
        tracing::warn!("what a command has started may still run in the guest");
    }
}

/// Runs a command to its end, within its limit.
pub(crate) async fn collected(
    engine: &Engine,
    container: &str,
    user: AgentUser,
    command: &ExecCommand,
) -> Result<ExecOutput, ExecError> {
    let program = command.argv.first().ok_or(ExecError::Empty)?.clone();
    let mark = Mark::fresh();
    let exec = guest_exec(command, user, None, mark.as_ref());
    let done = tokio::time::timeout(command.limit, run(engine, container, &exec, &command.stdin)).await;
    if let (Err(_) | Ok(Err(CollectError::TooMuch)), Some(mark)) = (&done, &mark) {
        end(engine, container, &exec.user, mark).await;
    }
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
