//! The mirror of one repository: as fresh as the question, or an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::child::{self, Done, Patience};
use crate::decide::Standing;
use crate::git::Call;
use crate::limits::{FETCH_TIME, PACKS, REF_BYTES, UPSTREAM_SILENCE};
use crate::object_id::ObjectId;
use crate::space::{NoSpace, Space};
use crate::text;
use crate::upstream::{Upstream, UpstreamError};

/// A bare repository that shows what the upstream shows.
#[derive(Debug)]
pub(crate) struct Mirror {
    git: PathBuf,
    folder: PathBuf,
    upstream: Upstream,
    space: Arc<Space>,
    /// Whether a writer may have been ended in the middle.
    is_unclean: AtomicBool,
    /// Whether packs are being put together now.
    is_tidied: Arc<AtomicBool>,
    last: Mutex<Option<Refresh>>,
}

/// What a refresh brought.
#[derive(Debug, Clone)]
struct Refresh {
    started: Instant,
    ended: Instant,
    result: Result<Refs, UpstreamError>,
}

/// The refs of an upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refs {
    /// Each by its full name, without `HEAD`.
    pub(crate) ids: BTreeMap<String, ObjectId>,
    /// Those that only stand for another one; `HEAD` among them.
    pub(crate) symbolic: BTreeMap<String, String>,
    /// Whether the upstream names all symbolic refs, as it does since version 2 of the protocol; before, only `HEAD`.
    pub(crate) names_symbolic: bool,
    /// What `HEAD` is.
    pub(crate) head: Option<ObjectId>,
}

impl Mirror {
    pub(crate) fn new(git: &Path, folder: PathBuf, upstream: Upstream, space: Arc<Space>) -> Self {
        Self {
            git: git.to_owned(),
            folder,
            upstream,
            space,
            is_unclean: AtomicBool::new(true),
            is_tidied: Arc::default(),
            last: Mutex::new(None),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Begins a call of git in it.
    pub(crate) fn call(&self) -> Call {
        Call::new(&self.git, &self.folder)
    }

    /// Brings the mirror up to date with an upstream that is asked after this call began. Those who ask meanwhile share
    /// the next refresh.
    pub(crate) async fn refresh(&self) -> Result<Refs, UpstreamError> {
        let asked = Instant::now();
        let is_answer = |refresh: &Refresh| {
            // That it failed after the question is an answer too, which nobody has to wait for twice.
            refresh.started >= asked || (refresh.result.is_err() && refresh.ended >= asked)
        };
        self.refresh_since(is_answer).await
    }

    /// Like [`Self::refresh`], for a request that follows one which was fresh.
    pub(crate) async fn refresh_within(&self, age: Duration) -> Result<Refs, UpstreamError> {
        self.refresh_since(|refresh| refresh.result.is_ok() && refresh.ended.elapsed() <= age)
            .await
    }

    async fn refresh_since(&self, is_fresh: impl Fn(&Refresh) -> bool) -> Result<Refs, UpstreamError> {
        let mut last = self.last.lock().await;
        if let Some(refresh) = last.as_ref().filter(|refresh| is_fresh(refresh)) {
            return refresh.result.clone();
        }
        let started = Instant::now();
        let known = last.take().and_then(|refresh| refresh.result.ok());
        let result = self.fetch(known).await;
        let ended = Instant::now();
        *last = Some(Refresh {
            started,
            ended,
            result: result.clone(),
        });
        result
    }

    async fn fetch(&self, known: Option<Refs>) -> Result<Refs, UpstreamError> {
        let shared = self.upstream.lease().await;
        let fetched = self.fetch_over(known).await;
        if let (Err(_), Some(shared)) = (&fetched, &shared) {
            shared.spoil();
        }
        fetched
    }

    async fn fetch_over(&self, known: Option<Refs>) -> Result<Refs, UpstreamError> {
        let listed = self.list().await?;
        if known.as_ref() == Some(&listed) {
            return Ok(listed);
        }
        if self.is_unclean.swap(true, Ordering::Relaxed) {
            sweep(&self.folder);
        }
        let refs = self.update(listed).await?;
        self.is_unclean.store(false, Ordering::Relaxed);
        self.tidy().await;
        Ok(refs)
    }

    /// Has small packs put together in the background, once there are many: each push leaves one. Whoever reads meanwhile
    /// finds all objects.
    async fn tidy(&self) {
        let packs = self.folder.join("objects/pack");
        if count_packs(&packs) <= PACKS || self.is_tidied.swap(true, Ordering::Relaxed) {
            return;
        }
        let done = Tidying(Arc::clone(&self.is_tidied));
        let Ok(share) = self.space.share().await else {
            return;
        };
        // Deltas stay as they are, so that it takes next to no memory.
        let call = self.call().within(&share).config("pack.window", "0");
        let call = self
            .upstream
            .carried(call.args(["repack", "--geometric=2", "-d", "--quiet"]));
        let patience = Patience {
            silence: FETCH_TIME,
            total: FETCH_TIME,
        };
        tokio::spawn(async move {
            match child::run(call.command(), call.input(), patience).await {
                Ok(ended) if ended.status.success() => {}
                Ok(ended) => tracing::warn!(said = ?text::last_lines(&ended.stderr, 1), "packs stay apart"),
                Err(error) => tracing::warn!(%error, "packs stay apart"),
            }
            drop((share, done));
        });
    }

    /// Brings objects and refs here; nobody else writes meanwhile.
    async fn update(&self, listed: Refs) -> Result<Refs, UpstreamError> {
        self.create(&listed).await?;
        if self.own().await? != listed.ids {
            let share = self.space.share().await?;
            let call = self.call().within(&share).args([
                "fetch",
                "--no-tags",
                "--prune",
                "--force",
                "--no-write-fetch-head",
            ]);
            let call = call.args([
                "--progress",
                "--no-auto-maintenance",
                "--",
                self.upstream.url(),
                "+refs/*:refs/*",
            ]);
            let fetched = succeed(self.run(self.upstream.arm(call), FETCH_TIME).await?);
            // git does not say so: what writes the pack is ended by the kernel.
            if fetched.is_err() && has_file_of(&self.folder.join("objects/pack"), share.file()) {
                return Err(UpstreamError::NoSpace(NoSpace));
            }
            fetched?;
        }
        match (listed.symbolic.get("HEAD"), &listed.head) {
            (Some(target), _) => {
                succeed(
                    self.run(
                        self.call().args(["symbolic-ref", "HEAD", target]),
                        UPSTREAM_SILENCE,
                    )
                    .await?,
                )?;
            }
            (None, Some(id)) => {
                let call = self
                    .call()
                    .args(["update-ref", "--no-deref", "HEAD", id.as_str()]);
                succeed(self.run(call, UPSTREAM_SILENCE).await?)?;
            }
            (None, None) => {}
        }
        // What is there now may be newer than what was listed; that is what reads and pushes go by.
        let ids = self.own().await?;
        Ok(Refs { ids, ..listed })
    }

    /// Asks the upstream for its refs.
    async fn list(&self) -> Result<Refs, UpstreamError> {
        let here = self.folder.parent().unwrap_or(&self.folder);
        let call = Call::new(&self.git, here).args(["ls-remote", "--symref", "--", self.upstream.url()]);
        let call = self.upstream.arm(call).config("protocol.version", "2");
        // Its events go to standard error, and the version that was agreed on is one of them.
        let call = call.env("GIT_TRACE2_EVENT", "2");
        let done = succeed(self.run(call, UPSTREAM_SILENCE).await?)?;
        Ok(Refs {
            names_symbolic: text::has_agreed_on_version_2(&done.stderr),
            ..Refs::read(&done.stdout)
        })
    }

    /// Makes the bare repository, with the hash that the upstream uses.
    async fn create(&self, listed: &Refs) -> Result<(), UpstreamError> {
        if self.folder.join("HEAD").exists() {
            return Ok(());
        }
        let is_long = listed.ids.values().any(|id| id.as_str().len() == 64);
        let format = if is_long { "sha256" } else { "sha1" };
        let call = self
            .call_at_parent()
            .args(["init", "--quiet", "--bare", "--template="]);
        let call = call.arg(format!("--object-format={format}")).arg(&self.folder);
        succeed(self.run(call, UPSTREAM_SILENCE).await?).map(drop)
    }

    fn call_at_parent(&self) -> Call {
        let here = self.folder.parent().unwrap_or(&self.folder);
        Call::new(&self.git, here).env("GIT_DIR", &self.folder)
    }

    /// Lists the mirror's own refs.
    async fn own(&self) -> Result<BTreeMap<String, ObjectId>, UpstreamError> {
        let call = self
            .call()
            .args(["for-each-ref", "--format=%(objectname)\t%(refname)"]);
        let done = succeed(self.run(call, UPSTREAM_SILENCE).await?)?;
        Ok(Refs::read(&done.stdout).ids)
    }

    async fn run(&self, call: Call, total: Duration) -> Result<Done, UpstreamError> {
        let patience = Patience {
            silence: UPSTREAM_SILENCE,
            total,
        };
        Ok(child::run(call.command(), call.input(), patience).await?)
    }
}

/// Says at its end that packs are no longer put together.
struct Tidying(Arc<AtomicBool>);

impl Drop for Tidying {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn count_packs(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_pack = |path: PathBuf| path.extension().is_some_and(|kind| kind == "pack");
    entries.filter(|entry| is_pack(entry.path())).count()
}

/// Where forges show again what branches hold.
const FORGES: [&str; 4] = [
    "refs/pull/",
    "refs/pull-requests/",
    "refs/merge-requests/",
    "refs/changes/",
];

/// Whether a file has become so large.
fn has_file_of(folder: &Path, bytes: u64) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| entry.metadata().is_ok_and(|metadata| metadata.len() >= bytes))
}

/// Reads what a test made up.
#[cfg(feature = "testing")]
pub(crate) fn read_refs_of_a_test(bytes: &[u8]) {
    let _refs = Refs::read(bytes);
}

/// Removes what a git that was killed or met a full disk left: half packs, and locks that nobody holds.
fn sweep(folder: &Path) {
    let is_half = |name: &str| name.starts_with("tmp_") || name.starts_with(".tmp-");
    remove_where(&folder.join("objects"), OBJECT_FOLDERS, &is_half);
    let is_lock = |name: &str| name.ends_with(".lock");
    remove_where(&folder.join("refs"), REF_FOLDERS, &is_lock);
    remove_where(folder, 0, &is_lock);
}

/// How deep objects lie below their folder.
const OBJECT_FOLDERS: usize = 1;
/// How deep refs lie at most: a name has no more bytes.
const REF_FOLDERS: usize = REF_BYTES / 2;

fn remove_where(folder: &Path, depth: usize, is_left: &impl Fn(&str) -> bool) {
    // What cannot be removed is met again, as git's own error.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth > 0 {
            remove_where(&entry.path(), depth - 1, is_left);
        } else if !is_folder && is_left(&entry.file_name().to_string_lossy()) {
            let _met_again = std::fs::remove_file(entry.path());
        }
    }
}

fn succeed(done: Done) -> Result<Done, UpstreamError> {
    match done.status.success() {
        true => Ok(done),
        false => Err(UpstreamError::of(&done)),
    }
}

impl Refs {
    /// Says whether what moves this ref moves another one.
    pub(crate) fn standing(&self, name: &str) -> Standing {
        if self.symbolic.contains_key(name) {
            return Standing::ForAnother;
        }
        let Some(id) = self.ids.get(name).filter(|_| !self.names_symbolic) else {
            return Standing::Own;
        };
        // A ref is always where the one is that it stands for.
        let is_forges = |name: &str| FORGES.iter().any(|folder| name.starts_with(folder));
        let mut others = self
            .ids
            .iter()
            .filter(|(other, _)| *other != name && !is_forges(other));
        match others.any(|(_, its)| its == id) {
            true => Standing::Unknown,
            false => Standing::Own,
        }
    }

    /// Reads lines of `ID<tab>NAME` and `ref: TARGET<tab>NAME`.
    fn read(bytes: &[u8]) -> Self {
        let mut refs = Self::default();
        for line in String::from_utf8_lossy(bytes).lines() {
            let Some((left, name)) = line.split_once('\t') else {
                continue;
            };
            if let Some(target) = left.strip_prefix("ref: ") {
                refs.symbolic.insert(name.to_owned(), target.to_owned());
            } else if let Ok(id) = left.parse::<ObjectId>() {
                match name {
                    "HEAD" => refs.head = Some(id),
                    // The object behind a tag, which is no ref.
                    _ if name.ends_with("^{}") => {}
                    _ => drop(refs.ids.insert(name.to_owned(), id)),
                }
            }
        }
        refs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_git_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let left = [
            "packed-refs.lock",
            "HEAD.lock",
            "refs/heads/a/b.lock",
            "objects/pack/tmp_pack_x",
            "objects/pack/.tmp-1-pack-x.idx",
            "objects/12/tmp_obj_x",
        ];
        let kept = [
            "packed-refs",
            "HEAD",
            "refs/heads/a/c",
            "objects/pack/pack-1.pack",
            "objects/12/34",
        ];
        for name in left.iter().chain(&kept) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        sweep(folder.path());
        assert!(left.iter().all(|name| !folder.path().join(name).exists()));
        assert!(kept.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn listed_refs_are_read() {
        let (a, b) = ("1".repeat(40), "2".repeat(40));
        let text = format!(
            "ref: refs/heads/main\tHEAD\n{a}\tHEAD\n{a}\trefs/heads/main\n{b}\trefs/tags/v1\n{a}\trefs/tags/v1^{{}}\nnoise\n"
        );
        let refs = Refs::read(text.as_bytes());
        assert_eq!(
            refs.ids.keys().collect::<Vec<_>>(),
            ["refs/heads/main", "refs/tags/v1"]
        );
        assert_eq!(refs.symbolic["HEAD"], "refs/heads/main");
        assert_eq!(refs.head.unwrap().as_str(), a);
    }

    #[test]
    fn where_symbolic_refs_are_not_named_one_that_is_where_another_is_may_be_one() {
        let (a, b) = ("1".repeat(40), "2".repeat(40));
        let text = format!("{a}\trefs/heads/main\n{a}\trefs/heads/x\n{b}\trefs/heads/y\n");
        let mut refs = Refs::read(text.as_bytes());
        let standing =
            |refs: &Refs| ["x", "y", "new"].map(|name| refs.standing(&format!("refs/heads/{name}")));
        assert_eq!(standing(&refs), [Standing::Unknown, Standing::Own, Standing::Own]);
        refs.names_symbolic = true;
        assert_eq!(standing(&refs), [Standing::Own; 3]);
        refs.symbolic
            .insert("refs/heads/x".to_owned(), "refs/heads/main".to_owned());
        assert_eq!(standing(&refs)[0], Standing::ForAnother);
    }
}
