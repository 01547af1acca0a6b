//! What a guest's programs are taken from: this host, or a folder with the files of an image.
//!
//! Nothing here builds an image. Where a bottle names a Dockerfile, a folder beside it, `<Dockerfile>.rootfs`, holds what
//! an engine has made of it once: `docker export CONTAINER | tar -x -C FOLDER`. Its files are hostile: no link in it is
//! followed out of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use bottle_backend::LaunchError;
use bottle_plan::image::{BuildContext, ImageSource};
use rustix::fs::{Mode, OFlags, ResolveFlags};

/// What is put behind a Dockerfile's name.
const BEHIND: &str = ".rootfs";
/// Folders at an image's top that the guest has its own of, or none.
const NOT_SHOWN: [&str; 12] = [
    "boot",
    "dev",
    "etc",
    "home",
    "lost+found",
    "media",
    "mnt",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
];
/// What this host keeps programs and libraries in; never `/` itself, and nothing that holds users' data.
const PROGRAMS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// Where an image keeps programs, in the order in which a guest searches.
const SEARCHED: [&str; 6] = [
    "usr/local/sbin",
    "usr/local/bin",
    "usr/sbin",
    "usr/bin",
    "sbin",
    "bin",
];

/// Where a guest's programs and libraries lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Image {
    /// They are this host's.
    Host,
    /// They are those of a folder.
    Folder(PathBuf),
}

impl Image {
    /// Finds what a plan's image is here.
    pub(crate) fn of(source: &ImageSource) -> Result<Self, LaunchError> {
        match source {
            ImageSource::Provider { .. } => Ok(Self::Host),
            // A plugin's program may be the host's own.
            ImageSource::Plugin(context) => Ok(exported(context).map_or(Self::Host, Self::Folder)),
            ImageSource::BottleOverride(context) | ImageSource::Manifest(context) => exported(context)
                .map(Self::Folder)
                .ok_or_else(|| missing(context)),
            ImageSource::Committed { .. } => Err(LaunchError::Unsupported {
                what: "a committed image",
                reason: "it is an engine's, and none is used here".to_owned(),
            }),
        }
    }

    /// Returns the root of it.
    pub(crate) fn root(&self) -> &Path {
        match self {
            Self::Host => Path::new("/"),
            Self::Folder(folder) => folder,
        }
    }

    /// Returns the names at its top that guests see.
    pub(crate) fn shown(&self) -> io::Result<Vec<String>> {
        let Self::Folder(folder) = self else {
            return Ok(PROGRAMS.map(str::to_owned).to_vec());
        };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().into_string();
            names.extend(name.ok().filter(|name| !NOT_SHOWN.contains(&name.as_str())));
        }
        names.sort();
        Ok(names)
    }

    /// Opens one of its files, over links that stay in it.
    pub(crate) fn open(&self, path: &str) -> io::Result<File> {
        self.find(path, OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK)
            .map(File::from)
    }

    /// Reads one of its files, no further than `most` bytes.
    pub(crate) fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut content = Vec::new();
        file.take(most + 1).read_to_end(&mut content)?;
        match content.len() as u64 > most {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(content),
        }
    }

    /// Tells whether a program is there, by its name or its path.
    pub(crate) fn holds_program(&self, program: &str) -> bool {
        let there = |path: &str| self.find(path, OFlags::PATH).is_ok();
        match program.starts_with('/') {
            true => there(program),
            false => SEARCHED
                .iter()
                .any(|folder| there(&format!("{folder}/{program}"))),
        }
    }

    fn find(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let folder = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(self.root(), folder, Mode::empty())?;
        let path = path.trim_start_matches('/');
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(rustix::fs::openat2(
            root,
            path,
            flags | OFlags::CLOEXEC,
            Mode::empty(),
            resolve,
        )?)
    }
}

fn exported(context: &BuildContext) -> Option<PathBuf> {
    let folder = beside(context);
    folder.join("usr").is_dir().then_some(folder)
}

fn beside(context: &BuildContext) -> PathBuf {
    let name = context.dockerfile.file_name().unwrap_or(OsStr::new("Dockerfile"));
    let mut name = name.to_owned();
    name.push(BEHIND);
    context.dockerfile.with_file_name(name)
}

/// What somebody has put into an image for this bottle cannot be left out silently.
fn missing(context: &BuildContext) -> LaunchError {
    let folder = beside(context);
    LaunchError::Unsupported {
        what: "the bottle's own image",
        reason: format!(
            "nothing builds it without an engine; where there is one: docker build -t x -f {dockerfile} {beside} && docker \
             create --name x x && mkdir {folder} && docker export x | tar -x -C {folder}",
            dockerfile = context.dockerfile.display(),
            beside = context.dockerfile.parent().unwrap_or(Path::new(".")).display(),
            folder = folder.display(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn context(folder: &Path) -> BuildContext {
        BuildContext {
            dockerfile: folder.join("own.Dockerfile"),
            files: Vec::new(),
        }
    }

    #[test]
    fn an_image_is_the_folder_beside_its_dockerfile() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = ImageSource::Manifest(context(folder.path()));
        let plugin = ImageSource::Plugin(context(folder.path()));
        let refused = Image::of(&manifest).unwrap_err().to_string();
        assert!(refused.contains("own.Dockerfile.rootfs"), "{refused}");
        assert_eq!(Image::of(&plugin).unwrap(), Image::Host);
        let exported = folder.path().join("own.Dockerfile.rootfs");
        fs::create_dir_all(exported.join("usr")).unwrap();
        assert_eq!(Image::of(&manifest).unwrap(), Image::Folder(exported.clone()));
        assert_eq!(Image::of(&plugin).unwrap(), Image::Folder(exported));
    }

    #[test]
    fn no_link_leads_out_of_an_image() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::write(folder.path().join("secret"), "the host's").unwrap();
        fs::write(root.join("etc/own"), "its own").unwrap();
        symlink("/etc/own", root.join("etc/absolute")).unwrap();
        symlink("../../secret", root.join("etc/out")).unwrap();
        symlink(folder.path().join("secret"), root.join("etc/host")).unwrap();
        let image = Image::Folder(root);
        assert_eq!(image.read("etc/absolute", 100).unwrap(), b"its own");
        assert!(image.read("etc/out", 100).is_err());
        assert!(image.read("etc/host", 100).is_err());
        assert!(image.read("etc/own", 3).is_err());
    }

    #[test]
    fn a_program_is_looked_for_where_guests_search() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("usr/local/bin")).unwrap();
        fs::write(folder.path().join("usr/local/bin/tool"), "").unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let image = Image::Folder(folder.path().to_owned());
        assert!(image.holds_program("tool") && image.holds_program("/usr/local/bin/tool"));
        assert!(!image.holds_program("other") && !image.holds_program("/usr/bin/tool"));
        assert_eq!(image.shown().unwrap(), ["usr"]);
    }
}
