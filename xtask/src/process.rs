//! Runs other programs and says which one failed.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// How many of a command's last lines are kept: enough for the names of failed tests and a few of their outputs.
const KEPT_LINES: usize = 120;

/// Runs a command to its end with the terminal as its output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs a command to its end, shows what it writes as it comes, and returns its last lines.
///
/// An error ends with these lines, for whoever reads it long after they were shown.
pub(crate) fn show(command: &mut Command) -> Result<VecDeque<String>> {
    let line = line(command);
    eprintln!("$ {line}");
    let (reader, writer) = io::pipe()?;
    let mut child = command
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    // The command holds the pipe's other end, and while it does there is no end to read.
    command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut kept = VecDeque::new();
    for printed in BufReader::new(reader).split(b'\n') {
        let printed = String::from_utf8_lossy(&printed?).into_owned();
        eprintln!("{printed}");
        if kept.len() == KEPT_LINES {
            kept.pop_front();
        }
        kept.push_back(printed);
    }
    let status = child.wait()?;
    if !status.success() {
        let end = Vec::from(kept).join("\n");
        bail!("`{line}` failed: {status}\n{end}");
    }
    Ok(kept)
}

/// Runs a command to its end and returns what it wrote to its output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote something that is not text"))
}

/// Whether a command ends well; what it writes is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    std::iter::once(name)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
