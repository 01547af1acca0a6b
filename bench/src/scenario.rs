//! What clients do.

use clap::ValueEnum;
use serde::Serialize;

/// One kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    /// `GET` of a small body on a connection that is kept.
    Small,
    /// `POST` of 64 KiB on a connection that is kept.
    Post,
    /// `GET` of 1 MiB on a connection that is kept.
    Large,
    /// `CONNECT`, TLS and one small `GET`, each time anew.
    Connection,
}

/// The name that all proxies are asked for.
pub(crate) const HOST: &str = "localhost";
/// The body of a small answer, in bytes.
pub(crate) const SMALL_BYTES: usize = 128;
/// The body of a large answer, in bytes.
pub(crate) const LARGE_BYTES: usize = 1 << 20;
const POST_BYTES: usize = 64 << 10;

impl Scenario {
    /// All of them, the most telling first.
    pub(crate) const ALL: [Self; 4] = [Self::Small, Self::Post, Self::Large, Self::Connection];

    /// What an argument calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Post => "post",
            Self::Large => "large",
            Self::Connection => "connection",
        }
    }

    /// What a table calls it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Small => "GET, 128 bytes",
            Self::Post => "POST, 64 KiB",
            Self::Large => "GET, 1 MiB",
            Self::Connection => "new connection",
        }
    }

    /// The path that is asked for.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Small | Self::Connection => "/small",
            Self::Post => "/post",
            Self::Large => "/large",
        }
    }

    /// The bytes of the answer's body.
    pub(crate) const fn answer_bytes(self) -> usize {
        match self {
            Self::Large => LARGE_BYTES,
            _ => SMALL_BYTES,
        }
    }

    /// Whether connections are kept from one request to the next.
    pub(crate) const fn keeps_connections(self) -> bool {
        !matches!(self, Self::Connection)
    }

    /// The whole request as it goes over the wire.
    pub(crate) fn request(self, port: u16) -> Vec<u8> {
        let (method, length) = match self {
            Self::Post => ("POST", POST_BYTES),
            _ => ("GET", 0),
        };
        let mut request = format!(
            "{method} {} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUser-Agent: bottle-bench\r\nAccept: */*\r\n",
            self.path()
        );
        if length > 0 {
            request += &format!("Content-Type: application/octet-stream\r\nContent-Length: {length}\r\n");
        }
        request += "\r\n";
        let mut request = request.into_bytes();
        request.resize(request.len() + length, b'x');
        request
    }
}
