//! A test binary of the workspace's, run in the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{FILES, Payload, ensure};
use crate::machine::Machine;
use crate::process;

/// What tests run there, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The most minutes that one try may take
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    minutes: u64,
    /// Arguments of the test binary: names, `--skip NAME`, `--exact`
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the suites of the smol backend in the lab, one test at a time. Returns what they said was not looked at.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<Vec<String>> {
    let lab = ensure(machine)?;
    let folder = machine.target().join("microvm-lab/suite");
    let results = machine.target().join("microvm-lab/results");
    for old in [&folder, &results] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    fs::create_dir_all(folder.join("programs"))?;
    let files = machine.root.join(FILES).join("suite");
    copy(&files.join("run.sh"), &folder.join("run.sh"))?;
    copy(&test_binary(machine)?, &folder.join("suite"))?;
    for name in ["bottle-sidecar", "bottle-relay"] {
        let program = machine
            .target()
            .join("dist")
            .join(std::env::consts::ARCH)
            .join(name);
        copy(&program, &folder.join("programs").join(name))?;
    }
    // What fails says why at once, since the lab may die later.
    let mut arguments = ["--test-threads=1", "--nocapture"].map(str::to_owned).to_vec();
    arguments.extend(options.arguments.iter().cloned());
    fs::write(folder.join("arguments"), arguments.join("\n") + "\n")?;
    let payload = Payload {
        folder: &folder,
        results: Some(&results),
        limit: Duration::from_secs(60 * options.minutes),
    };
    lab.run(machine, &payload)?;
    let skipped = fs::read_to_string(results.join("skips.log")).unwrap_or_default();
    Ok(skipped.lines().map(str::to_owned).collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} is not there", from.display()))?;
    Ok(())
}

/// Builds the test binary and returns where it is.
fn test_binary(machine: &Machine) -> Result<PathBuf> {
    let printed = process::output(machine.cargo().args([
        "test",
        "--locked",
        "--no-run",
        "--package=bottle-backend-smol",
        "--test=smol_conformance",
        "--message-format=json",
    ]))?;
    let messages = printed.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut executables = messages.filter_map(|message: serde_json::Value| {
        let executable = message.get("executable")?.as_str()?;
        Some(PathBuf::from(executable))
    });
    executables.next().context("cargo names no test binary")
}
