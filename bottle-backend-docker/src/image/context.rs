//! What a build sees: the Dockerfile and the files that were named, and nothing else.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use bottle_plan::image::BuildContext;
use bottle_util::files::read_bounded;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The most bytes of one file, and of all of them.
const MOST_BYTES: u64 = 64 << 20;

/// The files of a build.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) dockerfile: String,
    files: Vec<ContextFile>,
}

#[derive(Debug)]
struct ContextFile {
    path: PathBuf,
    executable: bool,
    content: Vec<u8>,
}

/// Says which file of a build cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path} in a build")]
pub(crate) struct ContextError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Context {
    /// A text of ours, and programs of the host's by their names.
    pub(super) fn of_text(dockerfile: &str, programs: &[(&str, PathBuf)]) -> Result<Self, ContextError> {
        let program = |(name, path): &(&str, PathBuf)| {
            let content = read_bounded(path, MOST_BYTES).map_err(|source| ContextError {
                path: path.clone(),
                source,
            })?;
            Ok(ContextFile {
                path: (*name).into(),
                executable: true,
                content,
            })
        };
        Ok(Self {
            dockerfile: dockerfile.to_owned(),
            files: programs.iter().map(program).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn read(context: &BuildContext) -> Result<Self, ContextError> {
        let error = |path: &Path, source| ContextError {
            path: path.to_owned(),
            source,
        };
        let path = &context.dockerfile;
        let text = read_bounded(path, 1 << 20).map_err(|source| error(path, source))?;
        let dockerfile = String::from_utf8(text)
            .map_err(|_| error(path, io::Error::new(io::ErrorKind::InvalidData, "not UTF-8")))?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut files = Vec::new();
        let mut left = MOST_BYTES;
        for name in &context.files {
            let file = read_file(folder, name, left).map_err(|source| error(name, source))?;
            left -= file.content.len() as u64;
            files.push(file);
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { dockerfile, files })
    }

    /// Names the image by all that goes into it.
    pub(super) fn hash(&self, bases: &[String]) -> String {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(self.dockerfile.as_bytes());
        for file in &self.files {
            part(file.path.as_os_str().as_encoded_bytes());
            part(&[u8::from(file.executable)]);
            part(&file.content);
        }
        part(b"bases");
        for base in bases {
            part(base.as_bytes());
        }
        let mut name = HEXLOWER.encode(&hash.finalize());
        name.truncate(20);
        name
    }

    /// Packs the files, owned by root and without a time, so that the engine's cache knows them again.
    pub(super) fn tar(&self) -> io::Result<Bytes> {
        let mut tar = tar::Builder::new(Vec::new());
        append(
            &mut tar,
            Path::new("Dockerfile"),
            0o644,
            self.dockerfile.as_bytes(),
        )?;
        for file in &self.files {
            let mode = if file.executable { 0o755 } else { 0o644 };
            append(&mut tar, &file.path, mode, &file.content)?;
        }
        tar.into_inner().map(Bytes::from)
    }
}

/// Appends a file of root's from 1970.
pub(super) fn append<W: io::Write>(
    tar: &mut tar::Builder<W>,
    path: &Path,
    mode: u32,
    content: &[u8],
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content)
}

fn read_file(folder: &Path, name: &Path, most: u64) -> io::Result<ContextFile> {
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if name
        .components()
        .any(|part| !matches!(part, Component::Normal(_)))
    {
        return Err(refused("not a plain path below the Dockerfile's folder"));
    }
    if name == Path::new("Dockerfile") {
        return Err(refused("it would take the Dockerfile's place"));
    }
    let path = folder.join(name).canonicalize()?;
    if !path.starts_with(folder.canonicalize()?) {
        return Err(refused("a link that leaves the Dockerfile's folder"));
    }
    let content = read_bounded(&path, most)?;
    let executable = path.metadata()?.mode() & 0o100 != 0;
    Ok(ContextFile {
        path: name.to_owned(),
        executable,
        content,
    })
}
