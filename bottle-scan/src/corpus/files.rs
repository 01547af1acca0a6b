//! Files that packages brought.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file, and what its place in the order depends on.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) size: usize,
    rank: u64,
}

/// Files of other sizes are nothing, or too much of one thing.
const SIZES: std::ops::RangeInclusive<u64> = 64..=2_000_000;

/// Folders of what is meant to look like a secret: other people's tests of keys and of scanners.
const LEFT_OUT: [&str; 4] = ["tests", "test", "testdata", "fixtures"];

/// A script of longer lines, on average, was put together by a program.
const MINIFIED_LINE: usize = 400;

/// All files, in an order that has nothing to do with where they lie.
pub(super) fn all(folders: &[PathBuf]) -> Vec<File> {
    let mut files = Vec::new();
    for folder in folders {
        walk(folder, folder, &mut files);
    }
    files.sort_by(|one, other| (one.rank, &one.path).cmp(&(other.rank, &other.path)));
    files
}

fn walk(folder: &Path, root: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            walk(&path, root, files);
        } else if kind.is_file()
            && let Ok(metadata) = entry.metadata()
            && SIZES.contains(&metadata.len())
        {
            let rank = rank(path.strip_prefix(root).unwrap_or(&path));
            files.push(File {
                path,
                size: metadata.len() as usize,
                rank,
            });
        }
    }
}

/// FNV-1a over the name, as its authors publish it.
fn rank(path: &Path) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, step)
}

impl File {
    pub(super) fn ends_in(&self, ending: &str) -> bool {
        self.path.as_os_str().as_bytes().ends_with(ending.as_bytes())
    }

    pub(super) fn is_minified(&self) -> bool {
        let text = fs::read(&self.path).unwrap_or_default();
        let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
        text.len() / lines > MINIFIED_LINE
    }
}

/// Where cargo keeps the sources of what this workspace is built from, and so those of many more crates.
pub(super) fn registry() -> Option<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    // What only other systems need was perhaps never fetched.
    let here = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    cargo.args([
        "metadata",
        "--offline",
        "--format-version=1",
        "--filter-platform",
        &here,
    ]);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let output = cargo.current_dir(workspace).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let manifests = text.split("\"manifest_path\":\"").skip(1);
    let mut paths = manifests.filter_map(|rest| Some(Path::new(rest.split('"').next()?)));
    let other = paths.find(|path| !path.starts_with(workspace))?;
    Some(other.parent()?.parent()?.to_owned())
}

/// Where Rust's books and the scripts of its pages lie.
pub(super) fn manuals() -> Vec<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output();
    let sysroot = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let pages = PathBuf::from(sysroot.unwrap_or_default()).join("share/doc/rust/html");
    ["book", "reference", "cargo", "search.index", "static.files"]
        .map(|part| pages.join(part))
        .into()
}
