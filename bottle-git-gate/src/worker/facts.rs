//! What each ref would hold, and which CI files change.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read};
use std::process::Stdio;

use super::Job;
use crate::ci_files::{is_ci_file, may_be_ci_file};
use crate::decide::Content;
use crate::git::Call;
use crate::limits::{BASES, CI_FILES, PATH_BYTES, TREE_FILES};
use crate::object_id::ObjectId;

/// The mirror together with the quarantine.
pub(super) struct Repository<'a>(pub(super) &'a Job);

impl Repository<'_> {
    pub(super) fn call(&self) -> Call {
        Call::new(&self.0.git, &self.0.mirror).quarantined(&self.0.objects)
    }

    /// Runs a call and returns its output; a status that is not listed is an error.
    fn ask(&self, call: &Call, statuses: &[i32]) -> io::Result<(i32, Vec<u8>)> {
        let output = call.command().stdin(Stdio::null()).output()?;
        match output.status.code() {
            Some(code) if statuses.contains(&code) => Ok((code, output.stdout)),
            _ => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().last().unwrap_or("git gave no reason");
                Err(io::Error::other(last.to_owned()))
            }
        }
    }

    fn ids(&self, call: &Call) -> io::Result<Vec<ObjectId>> {
        let (_, out) = self.ask(call, &[0])?;
        let text = String::from_utf8_lossy(&out).into_owned();
        Ok(text
            .lines()
            .filter_map(|line| line.trim_start_matches('-').parse().ok())
            .collect())
    }
}

/// Says what each ref would hold.
pub(super) fn contents(repository: &Repository<'_>) -> io::Result<Vec<Option<Content>>> {
    let content = |(old, new): &(Option<ObjectId>, Option<ObjectId>)| {
        let Some(new) = new else { return Ok(None) };
        let (_, kind) = repository.ask(&repository.call().args(["cat-file", "-t", new.as_str()]), &[0])?;
        let is_commit = kind.trim_ascii_end() == b"commit";
        let is_fast_forward = match old {
            Some(old) if is_commit => {
                let call =
                    repository
                        .call()
                        .args(["merge-base", "--is-ancestor", old.as_str(), new.as_str()]);
                // An old tip that is no commit is an error, and what cannot be compared is a rewrite.
                repository.ask(&call, &[0, 1]).is_ok_and(|(code, _)| code == 0)
            }
            Some(_) => false,
            None => true,
        };
        Ok(Some(Content {
            is_commit,
            is_fast_forward,
        }))
    };
    repository.0.refs.iter().map(content).collect()
}

/// Lists CI files at the tips that are neither as they were nor as the upstream's `HEAD` has them.
pub(super) fn ci_files(repository: &Repository<'_>) -> io::Result<Vec<String>> {
    let mut changed = BTreeSet::new();
    for (old, new) in &repository.0.refs {
        let Some(new) = new else { continue };
        let mut here = BTreeSet::new();
        for base in bases(repository, old.as_ref(), new)? {
            here.extend(changes(repository, base.as_ref(), new)?);
        }
        if let Some(head) = repository.0.head.as_ref().filter(|_| !here.is_empty()) {
            let from_head = changes(repository, Some(head), new)?;
            here.retain(|file| from_head.contains(file));
        }
        changed.extend(here);
    }
    // One more than a human is asked about, so that the rest does not pass unseen.
    Ok(changed.into_iter().take(CI_FILES + 1).collect())
}

/// What a tip is compared with: where the ref was, or the upstream's commits that it grows from, or nothing.
fn bases(
    repository: &Repository<'_>,
    old: Option<&ObjectId>,
    new: &ObjectId,
) -> io::Result<Vec<Option<ObjectId>>> {
    if let Some(old) = old {
        return Ok(vec![Some(old.clone())]);
    }
    let call = repository
        .call()
        .args(["rev-list", "--boundary", new.as_str(), "--not", "--all", "--"]);
    let (_, out) = repository.ask(&call, &[0])?;
    let text = String::from_utf8_lossy(&out).into_owned();
    let boundary = text
        .lines()
        .filter_map(|line| line.strip_prefix('-'))
        .filter_map(|id| id.parse().ok());
    let mut bases: Vec<Option<ObjectId>> = boundary.take(BASES + 1).map(Some).collect();
    let roots = repository.call().args([
        "rev-list",
        "--max-parents=0",
        new.as_str(),
        "--not",
        "--all",
        "--",
    ]);
    let has_root = !repository.ids(&roots)?.is_empty();
    if has_root || bases.len() > BASES {
        // More origins than are compared: everything counts as new.
        bases = vec![None];
    }
    Ok(bases)
}

fn changes(
    repository: &Repository<'_>,
    base: Option<&ObjectId>,
    new: &ObjectId,
) -> io::Result<BTreeSet<String>> {
    let base = base.filter(|base| has_tree(repository, base).unwrap_or(false));
    match (has_tree(repository, new)?, base) {
        (false, _) => Ok(BTreeSet::new()),
        (true, None) => ci_files_of(&files_of(repository, new)),
        (true, Some(base)) => {
            // Listed first, since git keeps all differences in memory before it prints one.
            ci_files_of(&files_of(repository, new))?;
            let call = repository.call().args([
                "diff-tree",
                "-r",
                "-z",
                "--no-renames",
                "--name-only",
                base.as_str(),
                new.as_str(),
            ]);
            ci_files_of(&call)
        }
    }
}

/// Tells whether an object, which is there with all that it names, is or stands for a tree.
fn has_tree(repository: &Repository<'_>, id: &ObjectId) -> io::Result<bool> {
    let peeled = format!("{id}^{{tree}}");
    let call = repository
        .call()
        .args(["rev-parse", "--quiet", "--verify", &peeled]);
    Ok(repository.ask(&call, &[0, 1, 128])?.0 == 0)
}

fn files_of(repository: &Repository<'_>, id: &ObjectId) -> Call {
    let call = repository.call();
    call.args(["ls-tree", "-r", "-z", "--name-only", "--full-tree", id.as_str()])
}

/// Takes CI files out of the names that a call lists. They are not kept: a tree of trees can name more than any memory
/// holds.
fn ci_files_of(call: &Call) -> io::Result<BTreeSet<String>> {
    let mut child = call
        .command()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let names = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    let found = read_names(BufReader::new(names));
    if found.is_err() {
        let _ended = child.kill();
    }
    let status = child.wait()?;
    let found = found?;
    match status.success() {
        true => Ok(found),
        // One that died, of whatever, has not named all of them.
        false => Err(io::Error::other("git cannot list the files of a tree")),
    }
}

fn read_names(names: impl BufRead) -> io::Result<BTreeSet<String>> {
    let (mut found, mut count, mut names) = (BTreeSet::new(), 0, names);
    let mut name = Vec::new();
    loop {
        name.clear();
        if names.by_ref().take(PATH_BYTES).read_until(0, &mut name)? == 0 {
            return Ok(found);
        }
        count += 1;
        if name.pop() != Some(0) || count > TREE_FILES {
            return Err(io::Error::other(format!(
                "more than {TREE_FILES} files, or a path of more than {PATH_BYTES} bytes"
            )));
        }
        let may_be = may_be_ci_file(&name) && found.len() <= CI_FILES;
        let path = may_be.then(|| String::from_utf8_lossy(&name));
        if let Some(path) = path.filter(|path| is_ci_file(path)) {
            found.insert(path.into_owned());
        }
    }
}
