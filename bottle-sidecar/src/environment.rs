//! What programs that stand alone read from their environment, once.

use std::path::{Path, PathBuf};

use bottle_document::PathBase;
use bottle_plan::names::EnvName;
use bottle_sidecar::standalone::{RoutesError, read_certificates};
use bottle_util::Secret;
use rustls_pki_types::CertificateDer;

/// Says that a file lies in no folder.
#[derive(Debug, thiserror::Error)]
#[error("{} lies in no folder", path.display())]
pub(crate) struct NoFolder {
    pub(crate) path: PathBuf,
}

/// Paths in a file start from its folder.
pub(crate) fn paths_of(file: &Path) -> Result<PathBase, NoFolder> {
    let folder = std::path::absolute(file).ok();
    let folder = folder.as_deref().and_then(Path::parent).map(Path::to_owned);
    Ok(PathBase {
        folder: folder.ok_or_else(|| NoFolder {
            path: file.to_owned(),
        })?,
        home: home(),
    })
}

/// This machine's root store and further authorities.
pub(crate) fn roots(further: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, RoutesError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a part of this machine's root store cannot be read");
    }
    let mut roots = found.certs;
    for path in further {
        roots.extend(read_certificates(path)?);
    }
    Ok(roots)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the program; its libraries are told"
)]
pub(crate) fn home() -> PathBuf {
    std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the program; its libraries are told"
)]
pub(crate) fn variable_of_environment(name: &EnvName) -> Option<Secret> {
    std::env::var(name.as_str()).ok().map(Secret::from)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the program; its libraries are told"
)]
pub(crate) fn system_clock() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// The folders that programs are looked for in.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the program; its libraries are told"
)]
pub(crate) fn program_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .collect()
}

/// The socket of the user's ssh agent.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the program; its libraries are told"
)]
pub(crate) fn agent_socket() -> Option<PathBuf> {
    std::env::var_os("SSH_AUTH_SOCK")
        .map(PathBuf::from)
        .filter(|socket| socket.is_absolute())
}
