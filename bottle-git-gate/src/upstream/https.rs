//! HTTPS: one token for one host, verified by the roots that we were given, no redirect, no proxy.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bottle_util::{Secret, files};
use bottle_wire::boot::Base64;
use bottle_wire::git_gate::{GitCredential, RepoBoot};

use crate::git::Call;
use crate::limits::UPSTREAM_SILENCE;
use crate::settings::OpenError;

#[derive(Debug)]
pub(super) struct Https {
    roots: PathBuf,
    /// What git is told of the credential, as a file of its configuration.
    credential: Option<Secret>,
}

impl Https {
    pub(super) fn open(boot: &RepoBoot, roots: &[Base64], folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("roots.pem");
        let text: String = roots.iter().chain(&boot.authorities).map(pem).collect();
        let written = files::write_private(&path, text.as_bytes());
        written.map_err(|source| OpenError::Folder {
            path: path.clone(),
            source,
        })?;
        let credential = match &boot.credential {
            Some(GitCredential::Token(token)) => Some(basic(token.0.expose())),
            _ => None,
        };
        Ok(Self {
            roots: path,
            credential,
        })
    }

    pub(super) fn arm(&self, call: Call) -> Call {
        let call = call.config("http.sslCAInfo", &self.roots.to_string_lossy());
        // A server that stops in the middle.
        call.config("http.lowSpeedLimit", "1")
            .config("http.lowSpeedTime", &UPSTREAM_SILENCE.as_secs().to_string())
    }

    /// What no argument, no variable and no file of a name may hold.
    pub(super) fn configuration(&self) -> Option<Secret> {
        self.credential.clone()
    }
}

/// Basic authentication (RFC 7617): forges take any user beside a token; `user:password` is taken as it is.
fn basic(token: &str) -> Secret {
    let pair = match token.contains(':') {
        true => token.to_owned(),
        false => format!("x-access-token:{token}"),
    };
    let pair = BASE64_STANDARD.encode(pair);
    Secret::from(format!(
        "[http]\n\textraHeader = \"Authorization: Basic {pair}\"\n"
    ))
}

fn pem(certificate: &Base64) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in BASE64_STANDARD.encode(&certificate.0).as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}
