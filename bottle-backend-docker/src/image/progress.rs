//! What a build prints, line by line.

use std::collections::{HashMap, HashSet, VecDeque};

use bollard::moby::buildkit::v1::StatusResponse;
use bollard::models::{BuildInfo, BuildInfoAux};
use bottle_backend::Progress;

/// The most lines that an error shows.
const LAST_LINES: usize = 30;
/// The most bytes of a line that are kept.
const LONGEST_LINE: usize = 2000;

/// Follows a build's messages.
pub(super) struct BuildLog<'a> {
    progress: &'a dyn Progress,
    seen: HashSet<String>,
    /// Output without a line's end yet, by the step that prints it.
    open: HashMap<String, Vec<u8>>,
    last: VecDeque<String>,
    error: Option<String>,
}

impl<'a> BuildLog<'a> {
    pub(super) fn new(progress: &'a dyn Progress) -> Self {
        Self {
            progress,
            seen: HashSet::new(),
            open: HashMap::new(),
            last: VecDeque::new(),
            error: None,
        }
    }

    /// Takes one line of the engine's answer.
    pub(super) fn message(&mut self, line: &[u8]) {
        let Ok(message) = serde_json::from_slice::<BuildInfo>(line) else {
            return;
        };
        if let Some(detail) = message.error_detail {
            self.error = Some(
                detail
                    .message
                    .unwrap_or_else(|| "the builder does not say why".to_owned()),
            );
        }
        if let Some(BuildInfoAux::BuildKit(status)) = message.aux {
            self.status(&status);
        }
    }

    /// Returns why the build failed, if it did, and the last lines before.
    pub(super) fn end(mut self) -> Result<(), (String, Vec<String>)> {
        let open: Vec<_> = self.open.drain().map(|(_, rest)| rest).collect();
        for rest in open {
            self.line(&rest);
        }
        match self.error {
            Some(reason) => Err((reason, self.last.into())),
            None => Ok(()),
        }
    }

    fn status(&mut self, status: &StatusResponse) {
        for vertex in &status.vertexes {
            let begun = vertex.started.is_some() || vertex.cached;
            if begun && self.seen.insert(vertex.digest.clone()) {
                self.line(vertex.name.as_bytes());
            }
        }
        for log in &status.logs {
            let mut text = self.open.remove(&log.vertex).unwrap_or_default();
            text.extend_from_slice(&log.msg);
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let rest = text.split_off(end + 1);
                self.line(&text);
                text = rest;
            }
            if text.len() > LONGEST_LINE {
                self.line(&text);
            } else if !text.is_empty() {
                self.open.insert(log.vertex.clone(), text);
            }
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
        let text = String::from_utf8_lossy(bytes);
        // A progress bar draws over itself: only what it shows at the end counts.
        let line = text.trim_end().rsplit('\r').next().unwrap_or_default();
        if line.is_empty() {
            return;
        }
        self.progress.detail(line);
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }
}
