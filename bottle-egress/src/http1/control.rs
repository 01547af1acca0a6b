//! The fields that say how a request is framed and what becomes of its connection.

use hyper::Method;
use hyper::header::{self, HeaderName, HeaderValue};

use super::{Framing, HeadError, Version};
use crate::request::Upgrade;

/// What the control fields of a request say. Each may stand once.
#[derive(Debug, Default)]
pub(super) struct ControlFields {
    host: Option<HeaderValue>,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    wants_upgrade: bool,
    upgrade: Upgrade,
    expects_continue: bool,
}

impl ControlFields {
    /// Takes note of a field, if it is one of them.
    pub(super) fn note(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<(), HeadError> {
        match *name {
            header::HOST => match self.host.replace(value.clone()) {
                None if !value.is_empty() => Ok(()),
                _ => Err(HeadError::Host),
            },
            header::CONTENT_LENGTH => match self.length.replace(length(value)?) {
                None => Ok(()),
                Some(_) => Err(HeadError::Length),
            },
            header::TRANSFER_ENCODING if self.chunked || !is(value, "chunked") => {
                Err(HeadError::TransferCoding)
            }
            header::TRANSFER_ENCODING => {
                self.chunked = true;
                Ok(())
            }
            header::EXPECT if self.expects_continue || !is(value, "100-continue") => {
                Err(HeadError::Expectation)
            }
            header::EXPECT => {
                self.expects_continue = true;
                Ok(())
            }
            header::CONNECTION => self.connection(value),
            header::UPGRADE => {
                let first = self.upgrade == Upgrade::None;
                let websocket = first && is(value, "websocket");
                self.upgrade = if websocket {
                    Upgrade::WebSocket
                } else {
                    Upgrade::Other
                };
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// An option that names any other field would take that field out of the request, so it is refused.
    fn connection(&mut self, value: &HeaderValue) -> Result<(), HeadError> {
        let text = value.to_str().map_err(|_| HeadError::Connection)?;
        for option in text.split(',').map(str::trim).filter(|option| !option.is_empty()) {
            let is = |name: &str| option.eq_ignore_ascii_case(name);
            if is("close") {
                self.close = true;
            } else if is("upgrade") {
                self.wants_upgrade = true;
            } else if !["keep-alive", "te", "http2-settings", "proxy-connection"]
                .into_iter()
                .any(is)
            {
                return Err(HeadError::Connection);
            }
        }
        Ok(())
    }

    /// Returns the value of the one `Host` field, which only old clients may leave out.
    pub(super) fn host(&mut self, version: Version) -> Result<Option<HeaderValue>, HeadError> {
        match self.host.take() {
            None if version == Version::Http11 => Err(HeadError::Host),
            host => Ok(host),
        }
    }

    /// Returns how the body is delimited.
    pub(super) fn framing(&self, method: &Method, version: Version) -> Result<Framing, HeadError> {
        let framing = match (self.chunked, self.length) {
            (true, Some(_)) => return Err(HeadError::TwoFramings),
            (true, None) => Framing::Chunked,
            (false, None | Some(0)) => Framing::None,
            (false, Some(length)) => Framing::Length(length),
        };
        let has_body = framing != Framing::None;
        if has_body && (*method == Method::CONNECT || version == Version::Http10) {
            return Err(HeadError::Length);
        }
        Ok(framing)
    }

    /// Tells whether the client wants the connection closed afterwards.
    pub(super) fn close(&self, version: Version) -> bool {
        self.close || version == Version::Http10
    }

    pub(super) const fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Returns the protocol that is wanted. An upgrade is one even where one of the two fields forgets to say so.
    pub(super) const fn upgrade(&self) -> Upgrade {
        match (self.upgrade, self.wants_upgrade) {
            (Upgrade::None, true) => Upgrade::Other,
            (upgrade, _) => upgrade,
        }
    }
}

fn is(value: &HeaderValue, wanted: &str) -> bool {
    value.as_bytes().eq_ignore_ascii_case(wanted.as_bytes())
}

fn length(value: &HeaderValue) -> Result<u64, HeadError> {
    let digits = value.to_str().map_err(|_| HeadError::Length)?;
    let numeric = digits.bytes().all(|b| b.is_ascii_digit()) && (1..=18).contains(&digits.len());
    let length = numeric.then(|| digits.parse().ok()).flatten();
    length.ok_or(HeadError::Length)
}
