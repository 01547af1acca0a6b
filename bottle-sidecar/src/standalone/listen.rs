//! Where the proxy listens.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bottle_egress::Listener;
use bottle_util::Secret;
use tokio::net::{TcpListener, UnixListener};

use super::StandaloneError;
use crate::socket::{bind_socket, remove_socket_if_possible};

/// An address of either kind, written `tcp:ADDRESS:PORT` or `unix:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// A port.
    Tcp(SocketAddr),
    /// A socket that only this user reaches.
    Unix(PathBuf),
}

/// Says that a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address is tcp:ADDRESS:PORT, for example tcp:127.0.0.1:9099, or unix:PATH")]
pub struct ListenAddressError;

/// A bound listener and the address that it really has.
pub(super) struct Bound {
    pub(super) server: Listener,
    pub(super) address: ListenAddress,
}

/// Binds; a TCP listener needs a token.
pub(super) async fn bind(address: &ListenAddress, token: Option<Secret>) -> Result<Bound, StandaloneError> {
    let failed = |source| StandaloneError::Listen {
        address: address.clone(),
        source,
    };
    match address {
        ListenAddress::Tcp(wanted) => {
            let token = token.filter(|token| !token.is_empty());
            let token = token.ok_or(StandaloneError::NoToken)?;
            let listener = TcpListener::bind(wanted).await.map_err(failed)?;
            let address = listener.local_addr().map(ListenAddress::Tcp);
            Ok(Bound {
                address: address.map_err(failed)?,
                server: Listener::Tcp { listener, token },
            })
        }
        ListenAddress::Unix(path) => Ok(Bound {
            server: Listener::Unix(bind_unix(path).map_err(failed)?),
            address: address.clone(),
        }),
    }
}

fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    UnixListener::from_std(bind_socket(path, 0o600)?)
}

impl ListenAddress {
    /// Removes what binding made.
    pub(super) fn remove(&self) {
        if let Self::Unix(path) = self {
            remove_socket_if_possible(path);
        }
    }
}

impl std::str::FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        match text.split_once(':') {
            Some(("tcp", address)) => address.parse().map(Self::Tcp).map_err(|_| ListenAddressError),
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            _ => Err(ListenAddressError),
        }
    }
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_of_two_kinds() {
        for good in [
            "tcp:127.0.0.1:9099",
            "tcp:[::1]:0",
            "unix:/run/e.sock",
            "unix:e.sock",
        ] {
            let address: ListenAddress = good.parse().unwrap();
            assert_eq!(address.to_string(), good);
        }
        for bad in [
            "",
            "tcp",
            "tcp:9099",
            "tcp:localhost:9099",
            "unix:",
            "127.0.0.1:9099",
            "udp:127.0.0.1:1",
        ] {
            assert_eq!(bad.parse::<ListenAddress>(), Err(ListenAddressError), "{bad}");
        }
    }
}
