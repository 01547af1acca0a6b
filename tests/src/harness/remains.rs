//! What could be left of a bottle without an engine.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use anyhow::{Result, ensure};

use super::stage::Stage;

/// What a machine holds that a bottle could leave behind: mounts, groups of processes, sockets that listen and the files
/// of those that do not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Remains {
    mounts: BTreeSet<String>,
    groups: BTreeSet<String>,
    sockets: BTreeSet<String>,
}

impl Remains {
    /// Looks for those of a stage's bottle: others come and go.
    pub fn of(stage: &Stage, label: &str) -> Result<Self> {
        let folder = stage.folder().to_string_lossy().into_owned();
        let lines = |file: &str| -> Result<BTreeSet<String>> {
            let text = fs::read_to_string(file)?;
            let named = text.lines().filter(|line| line.contains(&folder));
            Ok(named.map(str::to_owned).collect())
        };
        let mut found = Self {
            mounts: lines("/proc/self/mountinfo")?,
            groups: BTreeSet::new(),
            sockets: lines("/proc/net/unix")?,
        };
        let name = format!("bottle-{label}-");
        look_below(Path::new("/sys/fs/cgroup"), &mut |path, kind| {
            let named = path
                .file_name()
                .is_some_and(|found| found.to_string_lossy().starts_with(&name));
            if kind.is_dir() && named {
                found.groups.insert(path.to_string_lossy().into_owned());
            }
        });
        look_below(&stage.bottle_home().join("native"), &mut |path, kind| {
            if kind.is_socket() {
                found.sockets.insert(path.to_string_lossy().into_owned());
            }
        });
        Ok(found)
    }

    /// Fails when there is anything.
    pub fn ensure_none(&self, what: &str) -> Result<()> {
        ensure!(*self == Self::default(), "{what}: {self:?}");
        Ok(())
    }
}

fn look_below(folder: &Path, see: &mut dyn FnMut(&Path, fs::FileType)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // What goes away meanwhile is not left.
        let Ok(kind) = entry.file_type() else { continue };
        see(&entry.path(), kind);
        if kind.is_dir() {
            look_below(&entry.path(), see);
        }
    }
}
