//! The files that are scanned: what the corpus of bottle-scan's tests holds, and samples of every rule.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bottle_scan::corpus::{self, Corpus, Document};
use bottle_scan::rules::{self, sample};
use serde::Serialize;

/// One kind of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Workload {
    /// One file of nothing: what it costs to start.
    Start,
    /// Sources of several languages.
    Code,
    /// Answers of APIs.
    Json,
    /// Prose of words that no rule looks for.
    Text,
    /// A made-up token of every rule of ours.
    Samples,
}

impl Workload {
    pub(super) const ALL: [Self; 5] = [Self::Start, Self::Code, Self::Json, Self::Text, Self::Samples];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Code => "code",
            Self::Json => "JSON",
            Self::Text => "text",
            Self::Samples => "samples",
        }
    }
}

/// A folder for each kind; all of it goes when this is dropped.
pub(super) struct Folders {
    root: tempfile::TempDir,
    corpus: Corpus,
}

/// What counts as code.
const CODE: [&str; 5] = ["Rust", "C and C++", "Python", "Perl and shell", "JavaScript"];
/// What counts as JSON.
const JSON: [&str; 2] = ["JSON of APIs", "JSON files"];
const TEXT_BYTES: usize = 64 << 20;
const FILE_BYTES: usize = 1 << 20;

impl Folders {
    pub(super) fn fill() -> Result<Self> {
        let corpus = Corpus::gather(&corpus::folders());
        let folders = Self {
            root: tempfile::tempdir()?,
            corpus,
        };
        for workload in Workload::ALL {
            fs::create_dir_all(folders.of(workload))?;
        }
        fs::write(folders.of(Workload::Start).join("nothing.txt"), "nothing\n")?;
        for (number, document) in folders.corpus.documents().enumerate() {
            folders.copy(number, document)?;
        }
        folders.write_text()?;
        folders.write_samples()?;
        Ok(folders)
    }

    /// Copies a document under a name that keeps what scanners choose by: its ending.
    fn copy(&self, number: usize, document: &Document) -> Result<()> {
        let workload = match document.kind() {
            kind if CODE.contains(&kind) => Workload::Code,
            kind if JSON.contains(&kind) => Workload::Json,
            _ => return Ok(()),
        };
        let ending = document
            .path()
            .and_then(Path::extension)
            .unwrap_or("json".as_ref());
        let file = self
            .of(workload)
            .join(format!("{number:05}"))
            .with_extension(ending);
        Ok(fs::write(file, document.bytes()?)?)
    }

    fn write_text(&self) -> Result<()> {
        let mut draw = sample::Draw::new(1);
        for number in 0..TEXT_BYTES / FILE_BYTES {
            let mut text = String::new();
            while text.len() < FILE_BYTES {
                for _ in 0..draw.below(14) {
                    let length = 2 + draw.below(8);
                    text += &draw.text("aabcdeeefghiiklmnooprsttuvwy", length);
                    text.push(' ');
                }
                text += ".\n";
            }
            fs::write(self.of(Workload::Text).join(format!("{number}.txt")), text)?;
        }
        Ok(())
    }

    fn write_samples(&self) -> Result<()> {
        for rule in rules::all() {
            let mut draw = sample::Draw::new(2);
            let lines = rule
                .finds
                .iter()
                .map(|one| format!("see {}\n", sample::expand(rule, one, &mut draw)));
            let text: String = lines.collect();
            fs::write(self.of(Workload::Samples).join(format!("{}.txt", rule.id)), text)?;
        }
        Ok(())
    }

    pub(super) fn of(&self, workload: Workload) -> PathBuf {
        self.root.path().join(workload.title())
    }

    /// Where scanners write what they found.
    pub(super) fn report(&self) -> PathBuf {
        self.root.path().join("report")
    }

    pub(super) fn sizes(&self) -> Result<Vec<(Workload, usize)>> {
        let size = |workload| -> Result<_> {
            let mut size = 0;
            for entry in fs::read_dir(self.of(workload)).context("a folder is gone")? {
                size += entry?.metadata()?.len() as usize;
            }
            Ok((workload, size))
        };
        Workload::ALL.into_iter().map(size).collect()
    }

    /// What there is too little of, if anything.
    pub(super) fn missing(&self) -> Option<String> {
        let missing = self.corpus.missing();
        (!missing.is_empty())
            .then(|| format!("some of the files, which this machine's packages lack: {missing}"))
    }
}
