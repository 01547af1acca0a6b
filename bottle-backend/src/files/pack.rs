//! Files of the host's, written as a tar for a guest.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::{DEEPEST, Digest, DigestBuilder, Folder};
use crate::CopyError;

/// Who owns what is written into a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// Something to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it lies below the folder, on the host and in the guest.
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A link, packed as a link and never followed.
    Link,
    /// A file whose content is this and not the host's.
    Made(Vec<u8>),
}

/// Packs entries of a folder, below `prefix`, and returns a digest of those that `skip` does not name.
///
/// # Errors
///
/// When an entry is not what it was said to be any more, or cannot be read; the entry is named.
pub fn pack<W: Write>(
    folder: &Path,
    entries: &[Entry],
    prefix: &Path,
    owner: Owner,
    skip: fn(&Path) -> bool,
    to: W,
) -> Result<(W, Digest), CopyError> {
    let root = Folder::open(folder).map_err(|source| host(folder, source))?;
    let mut packer = Packer {
        tar: tar::Builder::new(to),
        digest: DigestBuilder::skipping(skip),
        owner,
    };
    for entry in entries {
        let packed = packer.entry(&root, entry, prefix);
        packed.map_err(|source| host(&folder.join(&entry.path), source))?;
    }
    let digest = packer.digest.finish();
    let to = packer.tar.into_inner().map_err(|source| host(folder, source))?;
    Ok((to, digest))
}

/// Packs a file, or a folder with all that is in it, under the name `to`.
///
/// # Errors
///
/// When something cannot be read, or a link leads out of the folder.
pub fn pack_path<W: Write>(path: &Path, to: &Path, owner: Owner, writer: W) -> Result<W, CopyError> {
    let meta = path.metadata().map_err(|source| host(path, source))?;
    if meta.is_dir() {
        let mut entries = vec![Entry {
            path: PathBuf::new(),
            kind: EntryKind::Folder,
        }];
        entries.extend(everything(path)?);
        return pack(path, &entries, to, owner, |_| false, writer).map(|(writer, _)| writer);
    }
    let mut tar = tar::Builder::new(writer);
    let packed = std::fs::File::open(path).and_then(|mut file| {
        let mode = mode_of(&file.metadata()?);
        append_file(&mut tar, to, mode, owner, meta.len(), &mut file)
    });
    packed.map_err(|source| host(path, source))?;
    tar.into_inner().map_err(|source| host(path, source))
}

/// Lists all of a folder. A link that leads out of it is an error; sockets, pipes and devices are left out.
fn everything(folder: &Path) -> Result<Vec<Entry>, CopyError> {
    let root = Folder::open(folder).map_err(|source| host(folder, source))?;
    let mut entries = Vec::new();
    let mut open = VecDeque::from([(root, PathBuf::new())]);
    while let Some((parent, below)) = open.pop_front() {
        let names = parent
            .names()
            .map_err(|source| host(&folder.join(&below), source))?;
        for name in names {
            let path = below.join(&name);
            let kind = kind(&parent, &name).map_err(|source| host(&folder.join(&path), source))?;
            let Some(kind) = kind else { continue };
            if kind == EntryKind::Link && leaves(&parent, &name, &below) {
                return Err(CopyError::LinkLeaves {
                    path: folder.join(path),
                });
            }
            if kind == EntryKind::Folder {
                let deeper = parent
                    .enter(&name)
                    .map_err(|source| host(&folder.join(&path), source))?;
                if path.components().count() >= DEEPEST {
                    return Err(host(&folder.join(&path), io::ErrorKind::InvalidFilename.into()));
                }
                open.push_back((deeper, path.clone()));
            }
            entries.push(Entry { path, kind });
        }
    }
    Ok(entries)
}

/// Returns what a name stands for, none for what is not packed.
pub(crate) fn kind(parent: &Folder, name: &OsStr) -> io::Result<Option<EntryKind>> {
    let mode = parent.look(name)?.st_mode;
    Ok(match FileType::from_raw_mode(mode) {
        FileType::Directory => Some(EntryKind::Folder),
        FileType::RegularFile => Some(EntryKind::File),
        FileType::Symlink => Some(EntryKind::Link),
        _ => None,
    })
}

/// Tells whether a link's own text leads out of the packed folder. What it would pass on the way is not looked at:
/// links are never followed here.
fn leaves(parent: &Folder, name: &OsStr, below: &Path) -> bool {
    let Ok(target) = parent.read_link(name) else {
        return true;
    };
    super::unpack::climbs_out(below, Path::new(&target))
}

struct Packer<W: Write> {
    tar: tar::Builder<W>,
    digest: DigestBuilder,
    owner: Owner,
}

impl<W: Write> Packer<W> {
    fn entry(&mut self, root: &Folder, entry: &Entry, prefix: &Path) -> io::Result<()> {
        let to = prefix.join(&entry.path);
        if entry.path.as_os_str().is_empty() {
            return self.folder(&to, 0o755);
        }
        match &entry.kind {
            EntryKind::Folder => {
                let (parent, name) = root.parent_of(&entry.path)?;
                let mode = parent.look(name)?.st_mode;
                self.digest.folder(&entry.path);
                self.folder(&to, mode & 0o777)
            }
            EntryKind::File => self.file(root, &entry.path, &to),
            EntryKind::Link => self.link(root, &entry.path, &to),
            EntryKind::Made(content) => {
                self.digest.file(&entry.path, false, &mut content.as_slice())?;
                let size = content.len() as u64;
                append_file(
                    &mut self.tar,
                    &to,
                    0o644,
                    self.owner,
                    size,
                    &mut content.as_slice(),
                )
            }
        }
    }

    fn folder(&mut self, to: &Path, mode: u32) -> io::Result<()> {
        let mut header = header(tar::EntryType::Directory, mode, self.owner, 0);
        self.tar.append_data(&mut header, to, io::empty())
    }

    fn file(&mut self, root: &Folder, path: &Path, to: &Path) -> io::Result<()> {
        let (parent, name) = root.parent_of(path)?;
        let mut file = parent.read(name)?;
        let meta = file.metadata()?;
        let mode = mode_of(&meta);
        let mut seen = self.digest.reader(path, mode & 0o100 != 0, &mut file);
        append_file(&mut self.tar, to, mode, self.owner, meta.len(), &mut seen)?;
        let entry = seen.finish();
        self.digest.add(path, entry);
        Ok(())
    }

    fn link(&mut self, root: &Folder, path: &Path, to: &Path) -> io::Result<()> {
        let (parent, name) = root.parent_of(path)?;
        let target = parent.read_link(name)?;
        self.digest.link(path, &target);
        let mut header = header(tar::EntryType::Symlink, 0o777, self.owner, 0);
        self.tar.append_link(&mut header, to, Path::new(&target))
    }
}

fn append_file<W: Write>(
    tar: &mut tar::Builder<W>,
    to: &Path,
    mode: u32,
    owner: Owner,
    size: u64,
    content: &mut dyn Read,
) -> io::Result<()> {
    let mut header = header(tar::EntryType::Regular, mode, owner, size);
    // A file that grows meanwhile is cut; one that shrinks would shift all that follows.
    let mut content = Exactly { content, left: size };
    tar.append_data(&mut header, to, &mut content)
}

struct Exactly<'a> {
    content: &'a mut dyn Read,
    left: u64,
}

impl Read for Exactly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most) else {
            return Ok(0);
        };
        let read = self.content.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it shrank while it was read",
            ));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

fn header(kind: tar::EntryType, mode: u32, owner: Owner, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(u64::from(owner.uid));
    header.set_gid(u64::from(owner.gid));
    header.set_mtime(0);
    header.set_size(size);
    header
}

fn mode_of(meta: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o777
}

fn host(path: &Path, source: io::Error) -> CopyError {
    CopyError::Host {
        path: path.to_owned(),
        source,
    }
}
