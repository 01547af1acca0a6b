//! An agent pushes what the gate holds, and a person lets it pass in the real inbox: one body for every place where a
//! bottle can run.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::harness::Coder;
use crate::mock_model::{Settings, ToolCall};
use crate::ssh_host::SshHost;

const BRANCH: &str = "work/x";
const CI_FILE: &str = ".github/workflows/a.yml";
const REASON: &str = "it only builds";
/// How long a command may take once everything is built.
const QUICK: Duration = Duration::from_secs(90);

/// What the model asks to have run in a clone: a change of a file that upstream's CI runs, pushed until it passes, and
/// then another change of it.
const SCRIPT: &str = "
git switch -q -c work/x && mkdir -p .github/workflows && echo 'on: push' > .github/workflows/a.yml \\
  && git add .github && git commit -q -m 'Build'
git push -q origin work/x; echo \"first push: $?\"
tries=0
until git push -q origin work/x 2> said; do
  tries=$((tries + 1)); if [ $tries = 90 ]; then break; fi; sleep 1
done
cat said; git push origin work/x; echo \"pushed again: $?\"
echo 'on: [push, pull_request]' > .github/workflows/a.yml && git commit -q -a -m 'Build more'
git push -q origin work/x; echo \"changed push: $?\"
";

/// The program pushes a change of a CI file; it is held, a person lets it pass for a reason, the same push arrives, and
/// a changed one is held again. `start` is how long the bottle may take until the program pushes.
pub fn passes_once_a_person_says_so(coder: &Coder, host: &SshHost, start: Duration) -> Result<()> {
    host.add_to(&coder.stage, "model")?;
    coder
        .stage
        .change_bottle("model", |text| text.replace("supervise: false\n", ""))?;
    let clone = format!("git clone -q {} app && cd app", host.url());
    coder.model.set(Settings {
        tool: Some(ToolCall::shell(&format!("{clone}{SCRIPT}"))),
        ..Settings::default()
    });
    let arguments = [coder.arguments(), vec!["--headless", "--prompt", "work"]].concat();
    let running = coder.stage.start(&arguments)?;
    let mut inbox = coder.stage.start_on_terminal(&["supervise"])?;
    inbox.wait_for(start, &format!("push to app: refs/heads/{BRANCH}"))?;
    ensure!(host.branches()? == ["main"], "{:?}", host.branches());
    inbox.type_text("\r")?;
    inbox.wait_for(QUICK, CI_FILE)?;
    // Without a reason nothing passes.
    inbox.type_text("o\r")?;
    inbox.wait_for(QUICK, "let it pass, because: _")?;
    inbox.type_text(&format!("{REASON}\r"))?;
    inbox.wait_for(QUICK, "approved, in force")?;

    let finished = running.wait(start);
    let finished = finished.with_context(|| coder.end_of_what_was_heard())?;
    ensure!(finished.status == 0, "{finished:?}");
    let heard = coder.heard();
    for words in [
        "question 1; push again once it is approved",
        "first push: 1",
        "pushed again: 0",
        "question 2; push again once it is approved",
        "changed push: 1",
    ] {
        ensure!(
            heard.contains(words),
            "{words:?} was not heard: {}",
            coder.end_of_what_was_heard()
        );
    }
    ensure!(
        host.read(BRANCH, CI_FILE)? == "on: push\n",
        "{:?}",
        host.read(BRANCH, CI_FILE)
    );
    Ok(())
}
