//! What a test server was asked, for a test to look at.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HOST;
use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::watched::Watched;

/// One request, as it arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The `Host` header without its port, or nothing.
    pub host: String,
    /// The path with its query.
    pub path: String,
    /// All headers, names in lower case, repeated ones repeated.
    pub headers: Vec<(String, String)>,
    /// The body after decoding.
    pub body: RecordedBody,
}

/// A request's body.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedBody {
    /// There was none, or the server does not keep it.
    None,
    /// A JSON document.
    Json(Value),
    /// Text that is no JSON.
    Text(String),
    /// Neither, as base64.
    Base64(String),
}

/// All requests of a server, in the order in which they were complete.
#[derive(Debug, Default)]
pub struct RequestLog {
    requests: Watched<Vec<Recorded>>,
    file: Option<Mutex<File>>,
}

impl Recorded {
    pub(crate) fn new(head: &Parts, body: RecordedBody) -> Self {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let host = head
            .headers
            .get(HOST)
            .map(|value| text(value.as_bytes()))
            .unwrap_or_default();
        Self {
            method: head.method.to_string(),
            host: host.split(':').next().unwrap_or_default().to_owned(),
            path: head
                .uri
                .path_and_query()
                .map_or_else(|| head.uri.to_string(), ToString::to_string),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body,
        }
    }

    /// The value of a header, the first if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }
}

impl RecordedBody {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        match std::str::from_utf8(bytes) {
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
            Ok(text) => serde_json::from_str(text).map_or_else(|_| Self::Text(text.to_owned()), Self::Json),
        }
    }

    /// The document, if the body is one.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }
}

impl RequestLog {
    /// A log that is also written to a file, one JSON document a line.
    #[must_use]
    pub fn with_file(file: File) -> Self {
        Self {
            file: Some(Mutex::new(file)),
            ..Self::default()
        }
    }

    /// All requests so far.
    #[must_use]
    pub fn all(&self) -> Vec<Recorded> {
        self.requests.look(Vec::clone)
    }

    /// Waits for a request of that kind, also one that came before.
    pub fn wait_for(&self, limit: Duration, wanted: impl Fn(&Recorded) -> bool) -> Result<Recorded> {
        let find = |requests: &Vec<Recorded>| requests.iter().find(|request| wanted(request)).cloned();
        self.requests.wait_for(limit, find).with_context(|| {
            let seen: Vec<_> = self
                .all()
                .into_iter()
                .map(|request| (request.host, request.path))
                .collect();
            format!("no such request came within {limit:?}; there were {seen:?}")
        })
    }

    pub(crate) fn push(&self, request: Recorded) {
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let line = serde_json::to_string(&request).unwrap_or_default();
            if let Err(error) = writeln!(file, "{line}") {
                eprintln!("a request could not be written to the log: {error}");
            }
        }
        self.requests.change(|requests| requests.push(request));
    }
}
