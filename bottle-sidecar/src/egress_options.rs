//! The arguments of `bottle-sidecar egress`, and what it reads from its environment, once.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bottle_plan::egress::ResolveOverride;
use bottle_sidecar::standalone::{self, ListenAddress, RoutesError, RoutesFile, Standalone, StandaloneError};
use bottle_util::{Secret, files};

use crate::environment::{NoFolder, paths_of, roots, system_clock, variable_of_environment};

/// The longest token that is read from a file, in bytes.
const TOKEN_BYTES: u64 = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct EgressOptions {
    /// The routes, as under `egress` in a bottle's file; read again on SIGHUP
    #[arg(long, value_name = "FILE")]
    routes: PathBuf,
    /// tcp:ADDRESS:PORT or unix:PATH
    #[arg(long, value_name = "ADDRESS")]
    listen: ListenAddress,
    /// A file whose first line clients show as Proxy-Authorization; a TCP listener needs one
    #[arg(long, visible_alias = "token", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where to write the certificate that clients must trust
    #[arg(long, value_name = "FILE")]
    ca_cert_out: Option<PathBuf>,
    /// Further certificate authorities to believe of upstream hosts (PEM)
    #[arg(long, value_name = "FILE")]
    upstream_ca: Vec<PathBuf>,
    /// Use this address for a host and port instead of resolving it
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    resolve: Vec<ResolveOverride>,
    /// Append events to this file, one JSON line each
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// Says what could not be read before the proxy began.
#[derive(Debug, thiserror::Error)]
enum InputError {
    #[error("cannot read the token from {}", path.display())]
    Token {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Authority(#[from] RoutesError),
    #[error("cannot find out this machine's own addresses")]
    Addresses(#[source] io::Error),
    #[error(transparent)]
    Folder(#[from] NoFolder),
    #[error(transparent)]
    Run(#[from] StandaloneError),
}

impl EgressOptions {
    /// Serves until it is told to end, and returns the exit status.
    pub(crate) fn run(self) -> ExitCode {
        match self.gather().and_then(|options| Ok(standalone::run(options)?)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{}", bottle_sidecar::chain(&error));
                ExitCode::FAILURE
            }
        }
    }

    fn gather(self) -> Result<Standalone, InputError> {
        Ok(Standalone {
            routes: RoutesFile {
                paths: paths_of(&self.routes)?,
                path: self.routes,
            },
            listen: self.listen,
            token: self.token_file.as_deref().map(read_token).transpose()?,
            certificate: self.ca_cert_out,
            resolve: self.resolve,
            events: self.events,
            roots: roots(&self.upstream_ca)?,
            host_addresses: own_addresses()?,
            variable: variable_of_environment,
            now: system_clock,
        })
    }
}

fn read_token(path: &Path) -> Result<Secret, InputError> {
    let failed = |source| InputError::Token {
        path: path.to_owned(),
        source,
    };
    let bytes = files::read_bounded(path, TOKEN_BYTES).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|error| failed(io::Error::other(error.utf8_error())))?;
    match text.lines().next().map(str::trim).unwrap_or_default() {
        "" => Err(failed(io::Error::other("it is empty"))),
        token => Ok(Secret::from(token.to_owned())),
    }
}

fn own_addresses() -> Result<Vec<IpAddr>, InputError> {
    let interfaces = if_addrs::get_if_addrs().map_err(InputError::Addresses)?;
    Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
}
