//! Real agent programs that push through a bottle's git gate.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::coder::Coder;
use crate::mock_model::{Settings, ToolCall};
use crate::ssh_host::SshHost;

/// What the model asks to have run, after the lines that make a clone: a clean push, and one that holds a vendor's key.
/// The key stands nowhere whole but in the pushed file.
const SCRIPT: &str = "
git switch -q -c work/x && echo hello > new && git add new && git commit -q -m 'Add new' \\
  && git push -q origin work/x; echo \"clean push: $?\"
printf '%s%s\\n' AKIA QRSTUV2WXYZ3ABCD > key && git add key && git commit -q -m 'Add key'
git push origin work/x; echo \"dirty push: $?\"
";

impl Coder {
    /// Adds a host's repository to the bottle and has the model clone it, commit, and push twice.
    pub fn script_pushes(&self, host: &SshHost) -> Result<()> {
        host.add_to(&self.stage, "model")?;
        let clone = format!("git clone -q {} app && cd app && cat README", host.url());
        self.model.set(Settings {
            tool: Some(ToolCall::shell(&format!("{clone}{SCRIPT}"))),
            ..Settings::default()
        });
        Ok(())
    }

    /// Runs the agent unattended, which must end well.
    pub fn work(&self, limit: Duration) -> Result<()> {
        let arguments = [self.arguments(), vec!["--headless", "--prompt", "work"]].concat();
        let finished = self.stage.run(&arguments, limit);
        let finished = finished.with_context(|| self.end_of_what_was_heard())?;
        ensure!(finished.status == 0, "{finished:?}");
        Ok(())
    }

    /// All that the model was sent.
    #[must_use]
    pub fn heard(&self) -> String {
        let requests = self.model.requests().all();
        let bodies = requests
            .iter()
            .filter_map(|request| request.body.json().map(Value::to_string));
        bodies.collect()
    }

    /// What a test that fails shows of what the model was sent.
    #[must_use]
    pub fn end_of_what_was_heard(&self) -> String {
        format!("the model heard {}", end_of(&self.heard()))
    }

    /// Whether the first push arrived, the second did not, and the model was told why.
    pub fn assert_pushes_were_judged(&self, host: &SshHost) -> Result<()> {
        let heard = self.heard();
        for words in [
            "clean push: 0",
            "remote: git gate: refused: aws-access-key-id in key:1 at ",
            "dirty push: 1",
        ] {
            ensure!(
                heard.contains(words),
                "{words:?} was not heard: {}",
                self.end_of_what_was_heard()
            );
        }
        ensure!(
            host.files("work/x")? == ["README", "new"],
            "{:?}",
            host.files("work/x")?
        );
        Ok(())
    }
}

fn end_of(heard: &str) -> String {
    let count = heard.chars().count();
    heard.chars().skip(count.saturating_sub(4000)).collect()
}
