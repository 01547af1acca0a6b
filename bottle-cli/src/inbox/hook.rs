//! A command of the user's that is told of new questions.

use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the command may take before it is killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says why the command did not hear of a question.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// There is no command.
    #[error("there is no command to run")]
    Nothing,
    /// It cannot be run.
    #[error("cannot run {program}")]
    Run {
        /// What was to run.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It failed.
    #[error("{program} ended with {status}")]
    Failed {
        /// What ran.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// It took too long.
    #[error("{0} took longer than 30 s and was killed")]
    Late(String),
}

/// Runs the user's command with JSON on its standard input. Its arguments and its environment are the user's alone:
/// nothing that an agent wrote is in them.
///
/// # Errors
///
/// When the command cannot be run, fails, or takes too long.
pub async fn notify<T: Serialize + Sync>(command: &[String], message: &T) -> Result<(), HookError> {
    let (program, arguments) = command.split_first().ok_or(HookError::Nothing)?;
    let failed = |source| HookError::Run {
        program: program.clone(),
        source,
    };
    let json = serde_json::to_vec(message).map_err(|error| failed(error.into()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let heard = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read is told all the same, by being run.
            let _unread = stdin.write_all(&json).await;
        }
        child.wait().await
    };
    match timeout(PATIENCE, heard).await {
        Err(_) => Err(HookError::Late(program.clone())),
        Ok(Err(source)) => Err(failed(source)),
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(HookError::Failed {
            program: program.clone(),
            status,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "$(touch pwned); `id` \u{1b}]0;x\u{7}";

    #[tokio::test]
    async fn hook_gets_no_agent_argv() {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let script = format!(
            "cat > {0}.json; tr '\\0' '\\n' < /proc/$$/cmdline > {0}; env >> {0}",
            said.display()
        );
        let command = ["/bin/sh", "-c", &script, "hook", "argument"].map(str::to_owned);
        notify(&command, &serde_json::json!({"words": WORDS}))
            .await
            .unwrap();
        let json = std::fs::read_to_string(folder.path().join("said.json")).unwrap();
        let heard: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(heard["words"], WORDS);
        let seen = std::fs::read_to_string(said).unwrap();
        assert!(seen.contains("argument") && !seen.contains("pwned"), "{seen}");
    }

    #[tokio::test]
    async fn a_hook_that_fails_or_does_not_read_is_said() {
        let run = async |script: &str| notify(&["/bin/sh", "-c", script].map(str::to_owned), &WORDS).await;
        assert!(run("exit 0").await.is_ok());
        assert!(matches!(run("exit 3").await, Err(HookError::Failed { .. })));
        let none = notify(&["/no/such/program".to_owned()], &WORDS).await;
        assert!(matches!(none, Err(HookError::Run { .. })));
        assert!(matches!(notify(&[], &WORDS).await, Err(HookError::Nothing)));
    }
}
