//! Child processes of the trusted side: no shell, a bare environment, a time limit.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// What a finished child left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: std::process::ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Says why a child gave no result.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// There was nothing to run.
    #[error("an empty command cannot be run")]
    Empty,
    /// The program could not be started, or its output not be read.
    #[error("cannot run {program}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("{program} did not end within {limit:?} and was killed")]
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
}

/// Runs a program with exactly these arguments and variables and collects what it prints.
///
/// # Errors
///
/// When it cannot be started or does not end within `limit`; a status other than 0 is no error.
pub async fn run(
    argv: &[OsString],
    env: &[(OsString, OsString)],
    limit: Duration,
) -> Result<Finished, SpawnError> {
    let (program, arguments) = argv.split_first().ok_or(SpawnError::Empty)?;
    let shown = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(env.iter().cloned())
        .kill_on_drop(true);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = tokio::time::timeout(limit, command.output()).await;
    let output = output.map_err(|_| SpawnError::TimedOut {
        program: shown.clone(),
        limit,
    })?;
    let output = output.map_err(|source| SpawnError::Start {
        program: shown,
        source,
    })?;
    Ok(Finished {
        status: output.status,
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[tokio::test]
    async fn a_child_gets_no_environment_of_ours() {
        let done = run(
            &words("/usr/bin/env"),
            &[("A".into(), "b".into())],
            Duration::from_secs(10),
        )
        .await
        .unwrap();
        assert_eq!(done.stdout, b"A=b\n");
    }

    #[tokio::test]
    async fn a_child_that_hangs_is_killed() {
        let result = run(&words("/bin/sleep 60"), &[], Duration::from_millis(50)).await;
        assert!(matches!(result, Err(SpawnError::TimedOut { .. })));
    }
}
