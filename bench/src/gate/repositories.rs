//! The repositories: one whose branch grows by ten thousand commits, and one of 500 megabytes.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Made once; gone when this is dropped.
pub(super) struct Repositories {
    folder: TempDir,
}

/// The most commits that are pushed at once.
const COMMITS: usize = 10_000;
/// Folders of the source tree, and files in each.
const TREE: (usize, usize) = (40, 10);
/// Lines of a file.
const LINES: usize = 120;
/// How many lines in a row a commit changes in each of two files: as much as ordinary commits do.
const CHANGED: usize = 20;
/// What is beside the history in the large repository: files that do not shrink.
const LARGE_FILES: usize = 7_600;
const LARGE_FILE_BYTES: usize = 64 << 10;

/// What the repository's files are made of.
const WORDS: [&str; 16] = [
    "let",
    "count",
    "=",
    "total",
    "+",
    "self.width",
    "if",
    "left",
    "<",
    "right",
    "return",
    "None",
    "for",
    "each",
    "in",
    "items",
];

impl Repositories {
    pub(super) fn make() -> Result<Self> {
        let repositories = Self {
            folder: TempDir::with_prefix("bottle-bench-")?,
        };
        let (work, base, large) = (
            repositories.work(),
            repositories.base(),
            repositories.folder.path().join("large.git"),
        );
        init(&work)?;
        import(&work, write_history)?;
        // As a client that has just fetched: one pack, deltas in it.
        git(&work, &["repack", "-a", "-d", "-f", "--quiet"])?;
        init(&base)?;
        let from = work.display().to_string();
        git(
            &base,
            &["fetch", "--quiet", &from, "refs/heads/main:refs/heads/main"],
        )?;
        init(&large)?;
        git(
            &large,
            &[
                "fetch",
                "--quiet",
                &from,
                &format!("{}:refs/heads/main", branch(COMMITS)),
            ],
        )?;
        import(&large, write_large)?;
        git(&large, &["repack", "-a", "-d", "--quiet"])?;
        Ok(repositories)
    }

    /// The client's repository; its branches are one longer than the other.
    pub(super) fn work(&self) -> PathBuf {
        self.folder.path().join("work.git")
    }

    /// The upstream's, which has `main` alone.
    fn base(&self) -> PathBuf {
        self.folder.path().join("base.git")
    }

    /// Puts a copy of an upstream at a path.
    pub(super) fn copy(&self, is_large: bool, to: &Path) -> Result<()> {
        let from = match is_large {
            true => self.folder.path().join("large.git"),
            false => self.base(),
        };
        // git writes no file in place, so that both can share them.
        let copied = Command::new("cp").arg("-rl").arg(from).arg(to).status()?;
        ensure!(copied.success(), "cp failed");
        Ok(())
    }

    pub(super) fn large_bytes(&self) -> Result<u64> {
        let packs = fs::read_dir(self.folder.path().join("large.git/objects/pack"))?;
        let sizes = packs.map(|pack| Ok(pack?.metadata()?.len()));
        sizes.sum()
    }
}

/// The branch that is so many commits ahead of `main`.
pub(super) fn branch(commits: usize) -> String {
    format!("refs/heads/bottle/bench/{commits}")
}

/// git in a folder; what it prints.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(folder).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {arguments:?}: {said}");
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

pub(super) fn init(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    git(folder, &["init", "--quiet", "--bare", "--initial-branch=main"])?;
    git(folder, &["config", "gc.auto", "0"]).map(drop)
}

fn import(folder: &Path, write: fn(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut child = Command::new("git")
        .current_dir(folder)
        // The packs are made anew where it matters how small they are.
        .args(["-c", "fastimport.unpackLimit=1", "-c", "core.compression=0"])
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()?;
    let mut stdin = BufWriter::new(child.stdin.take().context("no pipe")?);
    write(&mut stdin)?;
    stdin.flush()?;
    drop(stdin);
    ensure!(child.wait()?.success(), "git fast-import failed");
    Ok(())
}

/// `main` with all files, and the branches on top of it.
fn write_history(out: &mut dyn Write) -> Result<()> {
    let mut random = Random(1);
    let count = TREE.0 * TREE.1;
    let mut files: Vec<Vec<String>> = (0..count)
        .map(|_| (0..LINES).map(|_| random.line()).collect())
        .collect();
    begin(out, "refs/heads/main", "begin", "")?;
    for (number, lines) in files.iter().enumerate() {
        put(out, &path(number), lines.concat().as_bytes())?;
    }
    let name = "refs/heads/bottle/bench/growing";
    let mut from = "refs/heads/main";
    for commit in 1..=COMMITS {
        begin(out, name, &format!("change {commit}\n\n{}", random.line()), from)?;
        for _ in 0..2 {
            let number = random.below(count);
            let at = random.below(LINES - CHANGED + 1);
            let lines = files.get_mut(number).context("a file")?;
            for line in lines.iter_mut().skip(at).take(CHANGED) {
                *line = random.line();
            }
            put(out, &path(number), lines.concat().as_bytes())?;
        }
        from = "";
        if [1, 1_000, COMMITS].contains(&commit) {
            write!(out, "reset {}\nfrom {name}\n\n", branch(commit))?;
        }
    }
    Ok(())
}

fn write_large(out: &mut dyn Write) -> Result<()> {
    let mut random = Random(2);
    let mut from = "refs/heads/main^0";
    for commit in 0..LARGE_FILES / 100 {
        begin(out, "refs/heads/main", "add files", from)?;
        for number in 0..100 {
            let bytes: Vec<u8> = (0..LARGE_FILE_BYTES / 8)
                .flat_map(|_| random.next().to_le_bytes())
                .collect();
            put(out, &format!("large/{commit}/{number}"), &bytes)?;
        }
        from = "";
    }
    Ok(())
}

fn begin(out: &mut dyn Write, branch: &str, message: &str, from: &str) -> Result<()> {
    let length = message.len();
    write!(
        out,
        "commit {branch}\ncommitter Ada <ada@example.com> 1700000000 +0000\ndata {length}\n{message}\n"
    )?;
    if !from.is_empty() {
        writeln!(out, "from {from}")?;
    }
    Ok(())
}

fn put(out: &mut dyn Write, path: &str, content: &[u8]) -> Result<()> {
    write!(out, "M 100644 inline {path}\ndata {}\n", content.len())?;
    out.write_all(content)?;
    Ok(writeln!(out)?)
}

fn path(number: usize) -> String {
    format!("source/part{}/file{}.rs", number / TREE.1, number % TREE.1)
}

/// The same numbers in each run (xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() >> 8).unwrap_or_default() % most
    }

    fn line(&mut self) -> String {
        let mut line = "    ".to_owned();
        for _ in 0..7 {
            let word = WORDS.get(self.below(WORDS.len())).copied().unwrap_or_default();
            // A string takes everything.
            let _ = write!(line, "{word} ");
        }
        let number = self.below(1000);
        line + &format!("{number}\n")
    }
}
