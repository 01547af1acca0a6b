//! Files into and out of a guest, as streams of tar that this program's own code reads and writes inside of it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use bottle_backend::files::{TarOwner, pack_path, unpack};
use bottle_backend::{BoxError, CopyError, CopyOwner, PutFile};
use bottle_plan::paths::GuestPath;

/// The most time that one copy may take.
const LIMIT: Duration = Duration::from_secs(2 * 60 * 60);
/// The most bytes that one copy brings out of a guest: 32 GiB.
const MOST_OUT: u64 = 32 << 30;
/// The guest's side gives files the owner that makes them.
pub(crate) const NOBODY: TarOwner = TarOwner { uid: 0, gid: 0 };

/// A way to a guest's files.
#[async_trait]
pub trait Tars: Send + Sync {
    /// Begins to write what comes as a tar, with paths that begin at the guest's root.
    ///
    /// # Errors
    ///
    /// When it cannot begin.
    async fn unpack(&self, owner: CopyOwner) -> Result<TarStream, BoxError>;

    /// Begins to read a path as a tar.
    ///
    /// # Errors
    ///
    /// When there is no such path.
    async fn pack(&self, path: &GuestPath) -> Result<TarStream, BoxError>;
}

/// A tar on its way.
pub struct TarStream {
    /// This side of it, which blocks.
    pub pipe: OwnedFd,
    /// How the other side ends: 0 when all was written or read. Dropping this ends it.
    pub end: Pin<Box<dyn Future<Output = Result<i32, BoxError>> + Send>>,
}

/// Writes what `pack` packs, with paths that begin at the guest's root, while it is packed.
pub(crate) async fn upload<T: Send + 'static>(
    tars: &dyn Tars,
    to: &str,
    owner: CopyOwner,
    pack: impl FnOnce(io::BufWriter<File>) -> Result<(io::BufWriter<File>, T), CopyError> + Send + 'static,
) -> Result<T, CopyError> {
    let begun = tars.unpack(owner).await;
    let TarStream { pipe, end } = begun.map_err(|error| guest_failed(to, error))?;
    let packing = tokio::task::spawn_blocking(move || {
        let (mut writer, result) = pack(io::BufWriter::with_capacity(128 << 10, File::from(pipe)))?;
        // A failure of the other side is that side's to tell.
        let _broken = writer.flush();
        Ok(result)
    });
    let finished = async { tokio::join!(packing, end) };
    let (packed, ended) = within(to, finished).await?;
    let packed = packed.map_err(|error| guest_failed(to, error.into()))?;
    match (packed, ended) {
        (Ok(result), Ok(0)) => Ok(result),
        (Err(error), _) if !is_broken_pipe(&error) => Err(error),
        (_, Err(error)) => Err(guest_failed(to, error)),
        _ => Err(guest_failed(to, "the guest's files cannot be written".into())),
    }
}

/// Writes files and folders, making what is missing above them.
///
/// # Errors
///
/// When the guest's file system refuses.
pub async fn put(tars: &dyn Tars, files: &[PutFile], owner: CopyOwner) -> Result<(), CopyError> {
    let files = files.to_vec();
    let to = files
        .first()
        .map_or_else(|| "/".to_owned(), |file| file.path.to_string());
    let name = to.clone();
    upload(tars, &to, owner, move |writer| {
        let packed = pack_files(writer, &files);
        packed
            .map(|writer| (writer, ()))
            .map_err(|error| host(Path::new(&name), error))
    })
    .await
}

fn pack_files<W: Write>(writer: W, files: &[PutFile]) -> io::Result<W> {
    let mut tar = tar::Builder::new(writer);
    for file in files {
        let content = file.content.as_deref().unwrap_or_default();
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(match file.content {
            Some(_) => tar::EntryType::Regular,
            None => tar::EntryType::Directory,
        });
        header.set_mode(file.mode & 0o777);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, below(file.path.as_str()), content)?;
    }
    tar.into_inner()
}

/// Copies a file or folder of the host's.
///
/// # Errors
///
/// When the host's files cannot be read or the guest's file system refuses.
pub async fn copy_in(
    tars: &dyn Tars,
    from: &Path,
    to: &GuestPath,
    owner: CopyOwner,
) -> Result<(), CopyError> {
    let (from, name) = (from.to_owned(), PathBuf::from(below(to.as_str())));
    upload(tars, to.as_str(), owner, move |writer| {
        pack_path(&from, &name, NOBODY, writer).map(|writer| (writer, ()))
    })
    .await
}

/// Copies a file or folder of the guest's below a folder of the host's. What comes is hostile.
///
/// # Errors
///
/// When there is no such path, it holds too much, or the host's folder cannot be written.
pub async fn copy_out(tars: &dyn Tars, from: &GuestPath, host: &Path) -> Result<(), CopyError> {
    let into = host.to_owned();
    let (unpacked, whole) = download(tars, from, move |tar| unpack(tar, &into, MOST_OUT)).await?;
    if !whole {
        return Err(guest_failed(
            from.as_str(),
            "the guest's files cannot be read".into(),
        ));
    }
    unpacked.warn();
    Ok(())
}

/// Reads a file or folder of the guest's as a tar. Tells as well whether the guest has written all of it, which it
/// cannot when the reader had enough before.
pub(crate) async fn download<T: Send + 'static>(
    tars: &dyn Tars,
    from: &GuestPath,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static,
) -> Result<(T, bool), CopyError> {
    let failed = |error: BoxError| guest_failed(from.as_str(), error);
    // Who stops waiting drops the end, and with it ends what writes in the guest and the thread that reads here.
    let TarStream { pipe, end } = tars.pack(from).await.map_err(failed)?;
    let reading = tokio::task::spawn_blocking(move || {
        let mut tar = io::BufReader::with_capacity(128 << 10, File::from(pipe));
        read(&mut tar)
    });
    let read = within(from.as_str(), reading).await?;
    let read = read
        .map_err(|error| failed(error.into()))?
        .map_err(|error| failed(error.into()))?;
    let status = end.await.map_err(failed)?;
    Ok((read, status == 0))
}

async fn within<T>(path: &str, work: impl Future<Output = T>) -> Result<T, CopyError> {
    let done = tokio::time::timeout(LIMIT, work).await;
    done.map_err(|_| guest_failed(path, format!("it took longer than {LIMIT:?}").into()))
}

/// Returns a path as a tar has it.
pub(crate) fn below(path: &str) -> &str {
    path.trim_start_matches('/')
}

fn is_broken_pipe(error: &CopyError) -> bool {
    matches!(error, CopyError::Host { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
}

fn host(path: &Path, source: io::Error) -> CopyError {
    CopyError::Host {
        path: path.to_owned(),
        source,
    }
}

/// Says that the guest's side failed.
#[must_use]
pub fn guest_failed(path: &str, source: BoxError) -> CopyError {
    CopyError::Guest {
        path: path.to_owned(),
        source,
    }
}
