//! The host's programs and libraries, as few mounts as possible, with room made where the guest has its own.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bottle_guest::Mount;

use crate::image::Image;

use super::submounts;

/// What is to be seen of an image, as paths of this host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Visible {
    root: PathBuf,
    folders: Vec<PathBuf>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl Visible {
    /// Returns the programs and libraries of an image.
    pub(super) fn of(image: &Image) -> io::Result<Self> {
        let mut visible = Self {
            root: image.root().to_owned(),
            ..Self::default()
        };
        for name in image.shown()? {
            visible.add(&image.root().join(name))?;
        }
        Ok(visible)
    }

    fn add(&mut self, path: &Path) -> io::Result<()> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(meta) if meta.is_symlink() => self.links.push((path.to_owned(), fs::read_link(path)?)),
            // Sockets, pipes and devices are no programs.
            Ok(meta) if meta.is_dir() || meta.is_file() => self.folders.push(path.to_owned()),
            Ok(_) => {}
        }
        Ok(())
    }

    /// Sees to it that something can be mounted on a path: where the host has nothing there, the folders above are
    /// shown entry by entry, and the guest has its own in between.
    pub(super) fn make_room(&mut self, target: &Path) -> io::Result<()> {
        let target = self.root.join(target.strip_prefix("/").unwrap_or(target));
        let target = target.as_path();
        while let Some(at) = self.folders.iter().position(|folder| target.starts_with(folder)) {
            let Some(folder) = self.folders.get(at).cloned() else {
                break;
            };
            if is_reached(&folder, target) {
                break;
            }
            self.folders.swap_remove(at);
            let Some(next) = next_part(&folder, target) else {
                break;
            };
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let leads_there = entry.file_name() == next;
                // A link on the way would lead past what is mounted.
                if !(leads_there && entry.file_type()?.is_symlink()) {
                    self.add(&entry.path())?;
                }
            }
        }
        Ok(())
    }

    /// Returns what has to be mounted.
    pub(super) fn mounts(&self, empty: &Path) -> Vec<Mount> {
        let target = |path: &Path| {
            let below = path.strip_prefix(&self.root).unwrap_or(path);
            Path::new("/").join(below)
        };
        let links = self.links.iter().map(|(path, to)| Mount::Link {
            target: target(path).to_string_lossy().into_owned(),
            to: to.to_string_lossy().into_owned(),
        });
        let folders = self
            .folders
            .iter()
            .cloned()
            .chain(submounts::below(&self.folders));
        let folders = folders.map(|path| shown(&path, &target(&path), empty));
        links.chain(folders).collect()
    }
}

/// Shows a file or folder of the host's to read.
pub(crate) fn shown(source: &Path, target: &Path, empty: &Path) -> Mount {
    let target = target.to_string_lossy().into_owned();
    let source = source.to_owned();
    match source.is_dir() {
        true => Mount::Layer {
            source,
            target,
            empty: empty.to_owned(),
        },
        false => Mount::Bind {
            source,
            target,
            writable: false,
            devices: false,
        },
    }
}

/// Tells whether a path exists below a folder without a link on the way.
fn is_reached(folder: &Path, target: &Path) -> bool {
    let Ok(rest) = target.strip_prefix(folder) else {
        return false;
    };
    let mut path = folder.to_owned();
    rest.iter().all(|part| {
        path.push(part);
        fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir() || meta.is_file())
    })
}

fn next_part<'a>(folder: &Path, target: &'a Path) -> Option<&'a OsStr> {
    target.strip_prefix(folder).ok()?.iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn visible(root: &tempfile::TempDir) -> Visible {
        let image = Image::Folder(root.path().to_owned());
        Visible::of(&image).unwrap()
    }

    #[test]
    fn room_is_made_only_where_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["usr/local/share", "usr/bin", "usr/lib"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        symlink("bin", at("usr/sbin")).unwrap();
        let mut visible = visible(&root);
        visible.make_room(Path::new("/usr/local/share")).unwrap();
        assert_eq!(visible.folders, [at("usr")]);
        visible
            .make_room(Path::new("/usr/local/share/certificates"))
            .unwrap();
        visible.folders.sort();
        assert_eq!(visible.folders, [at("usr/bin"), at("usr/lib")]);
        assert_eq!(visible.links, [(at("usr/sbin"), "bin".into())]);
        let targets: Vec<String> = visible
            .mounts(Path::new("/empty"))
            .iter()
            .map(|mount| mount.target().to_owned())
            .collect();
        assert_eq!(targets, ["/usr/sbin", "/usr/bin", "/usr/lib"]);
    }

    #[test]
    fn a_link_on_the_way_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("usr/bin")).unwrap();
        symlink("bin", at("usr/sbin")).unwrap();
        let mut visible = visible(&root);
        visible.make_room(Path::new("/usr/sbin/update")).unwrap();
        assert_eq!((visible.folders, visible.links), (vec![at("usr/bin")], vec![]));
    }
}
