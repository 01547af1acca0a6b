//! Trees of files into and out of a container, as streams of tar through the engine's archive interface.

mod channel;

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::query_parameters::{
    ContainerArchiveInfoOptions, DownloadFromContainerOptions, UploadToContainerOptionsBuilder,
};
use bottle_backend::files::{TarOwner, pack_path, unpack};
use bottle_backend::{BoxError, CopyError, PutFile};
use bottle_plan::paths::GuestPath;
use futures_util::{StreamExt, TryStreamExt};
use tokio_util::io::{StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, unless_missing};
use channel::ChannelWriter;

/// The most time that one copy may take.
const LIMIT: Duration = Duration::from_secs(2 * 60 * 60);
/// The most bytes that one copy brings out of a guest: 32 GiB.
const MOST_OUT: u64 = 32 << 30;

/// Writes what `pack` packs below a folder of a container, while it is packed.
pub(crate) async fn upload<T: Send + 'static>(
    engine: &Engine,
    container: &str,
    folder: &str,
    pack: impl FnOnce(ChannelWriter) -> Result<(ChannelWriter, T), CopyError> + Send + 'static,
) -> Result<T, CopyError> {
    let (writer, stream) = channel::pipe();
    let packing = tokio::task::spawn_blocking(move || {
        let (mut writer, result) = pack(writer)?;
        // A failure of the other side is that side's to tell.
        let _ = writer.flush();
        Ok(result)
    });
    let options = UploadToContainerOptionsBuilder::default().path(folder).build();
    // The engine answers when it has read all of it.
    let docker = engine.docker.clone().with_timeout(LIMIT);
    let uploading = docker.upload_to_container(container, Some(options), bollard::body_try_stream(stream));
    let (packed, uploaded) = tokio::join!(packing, uploading);
    let failed = |error: BoxError| guest(folder, error);
    let packed = packed.map_err(|error| failed(error.into()))?;
    match (packed, uploaded) {
        (Ok(result), Ok(())) => Ok(result),
        (Err(error), Ok(())) => Err(error),
        // The side that broke off left the other with a broken pipe.
        (Err(error), Err(_)) if !is_broken_pipe(&error) => Err(error),
        (_, Err(error)) => Err(failed(error.into())),
    }
}

/// Writes files and folders, making what is missing above them.
pub(crate) async fn put(
    engine: &Engine,
    container: &str,
    files: &[PutFile],
    owner: TarOwner,
) -> Result<(), CopyError> {
    let paths: Vec<&GuestPath> = files.iter().map(|file| &file.path).collect();
    let above = missing_above(engine, container, &paths).await?;
    let files = files.to_vec();
    upload(engine, container, "/", move |writer| {
        let packed = pack_files(writer, &above, &files, owner);
        packed
            .map(|writer| (writer, ()))
            .map_err(|error| guest("/", error.into()))
    })
    .await
}

/// Writes one file of root's into a folder that is there, also where the rest of the file system cannot be written.
pub(crate) async fn put_at(engine: &Engine, container: &str, file: PutFile) -> Result<(), CopyError> {
    let folder = file.path.parent();
    let name = format!("/{}", file.path.file_name());
    let path = name.parse().map_err(|error| guest(&name, Box::new(error)))?;
    let file = PutFile { path, ..file };
    upload(engine, container, folder.as_str(), move |writer| {
        let owner = TarOwner { uid: 0, gid: 0 };
        let packed = pack_files(writer, &BTreeSet::new(), &[file], owner);
        packed
            .map(|writer| (writer, ()))
            .map_err(|error| guest("/", error.into()))
    })
    .await
}

/// Copies a file or folder of the host's.
pub(crate) async fn copy_in(
    engine: &Engine,
    container: &str,
    host: &Path,
    to: &GuestPath,
    owner: TarOwner,
) -> Result<(), CopyError> {
    let above = missing_above(engine, container, &[to]).await?;
    let folders: Vec<PutFile> = above.into_iter().map(folder).collect();
    if !folders.is_empty() {
        let none = BTreeSet::new();
        upload(engine, container, "/", move |writer| {
            let packed = pack_files(writer, &none, &folders, owner);
            packed
                .map(|writer| (writer, ()))
                .map_err(|error| guest("/", error.into()))
        })
        .await?;
    }
    let (host, name) = (host.to_owned(), PathBuf::from(to.file_name()));
    upload(engine, container, to.parent().as_str(), move |writer| {
        pack_path(&host, &name, owner, writer).map(|writer| (writer, ()))
    })
    .await
}

/// Copies a file or folder of the guest's below a folder of the host's.
pub(crate) async fn copy_out(
    engine: &Engine,
    container: &str,
    from: &GuestPath,
    host: &Path,
) -> Result<(), CopyError> {
    let into = host.to_owned();
    let unpacked = download(engine, container, from, LIMIT, move |tar| {
        unpack(tar, &into, MOST_OUT)
    })
    .await?;
    unpacked.warn();
    Ok(())
}

/// Reads a file or folder of the guest's as a tar.
pub(crate) async fn download<T: Send + 'static>(
    engine: &Engine,
    container: &str,
    from: &GuestPath,
    limit: Duration,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static,
) -> Result<T, CopyError> {
    let options = DownloadFromContainerOptions {
        path: from.to_string(),
    };
    let stream = engine.docker.download_from_container(container, Some(options));
    // Who stops waiting ends the stream, and with it the thread that reads: a guest's file can be as good as endless.
    let cancel = CancellationToken::new();
    let _cancelled_when_dropped = cancel.clone().drop_guard();
    let stream = stream.take_until(cancel.cancelled_owned());
    let reader = Box::pin(StreamReader::new(stream.map_err(io::Error::other)));
    let failed = |error: BoxError| guest(from.as_str(), error);
    let work = tokio::task::spawn_blocking(move || read(&mut SyncIoBridge::new(reader)));
    let read = tokio::time::timeout(limit, work).await;
    let read = read.map_err(|_| failed(format!("it took longer than {limit:?}").into()))?;
    read.map_err(|error| failed(error.into()))?
        .map_err(|error| failed(error.into()))
}

/// Returns the folders above these paths that are not there, the highest first.
async fn missing_above(
    engine: &Engine,
    container: &str,
    paths: &[&GuestPath],
) -> Result<BTreeSet<GuestPath>, CopyError> {
    let mut present = BTreeSet::from(["/".to_owned()]);
    let mut missing = BTreeSet::new();
    for path in paths {
        let mut above = path.parent();
        while !present.contains(above.as_str()) && !missing.contains(&above) {
            if is_there(engine, container, &above).await? {
                present.insert(above.to_string());
                break;
            }
            let higher = above.parent();
            missing.insert(above);
            above = higher;
        }
    }
    Ok(missing)
}

/// Tells whether a path exists.
pub(crate) async fn is_there(engine: &Engine, container: &str, path: &GuestPath) -> Result<bool, CopyError> {
    let options = ContainerArchiveInfoOptions {
        path: path.to_string(),
    };
    let seen = engine
        .docker
        .get_container_archive_info(container, Some(options))
        .await;
    let seen = unless_missing(seen).map_err(|error| guest(path.as_str(), error.into()))?;
    Ok(seen.is_some())
}

fn pack_files(
    writer: ChannelWriter,
    above: &BTreeSet<GuestPath>,
    files: &[PutFile],
    owner: TarOwner,
) -> io::Result<ChannelWriter> {
    let mut tar = tar::Builder::new(writer);
    for path in above {
        append(&mut tar, &folder(path.clone()), owner)?;
    }
    for file in files {
        append(&mut tar, file, owner)?;
    }
    tar.into_inner()
}

fn append<W: Write>(tar: &mut tar::Builder<W>, file: &PutFile, owner: TarOwner) -> io::Result<()> {
    let content = file.content.as_deref().unwrap_or_default();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(match file.content {
        Some(_) => tar::EntryType::Regular,
        None => tar::EntryType::Directory,
    });
    header.set_mode(file.mode & 0o777);
    header.set_uid(u64::from(owner.uid));
    header.set_gid(u64::from(owner.gid));
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, file.path.as_str().trim_start_matches('/'), content)
}

fn folder(path: GuestPath) -> PutFile {
    PutFile {
        path,
        mode: 0o755,
        content: None,
    }
}

fn is_broken_pipe(error: &CopyError) -> bool {
    matches!(error, CopyError::Host { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
        || matches!(error, CopyError::Guest { .. })
}

pub(crate) fn guest(path: &str, source: BoxError) -> CopyError {
    CopyError::Guest {
        path: path.to_owned(),
        source,
    }
}
