//! Socket files.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// Removes a socket that is left over, binds anew and sets its permission bits; the listener does not block.
pub(crate) fn bind_socket(path: &Path, mode: u32) -> io::Result<UnixListener> {
    remove_socket(path)?;
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Removes a socket if there is one; anything else in its place is an error.
fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a socket, or logs why it stays.
pub(crate) fn remove_socket_if_possible(path: &Path) {
    if let Err(error) = remove_socket(path) {
        tracing::warn!(%error, path = %path.display(), "cannot remove a socket");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_socket_is_removed_for_a_socket() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s");
        drop(bind_socket(&path, 0o600).unwrap());
        drop(bind_socket(&path, 0o666).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(bind_socket(&file, 0o600).is_err());
        assert_eq!(fs::read(&file).unwrap(), b"x");
    }
}
