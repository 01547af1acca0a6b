//! What the mock does.

use hyper::StatusCode;

use super::script::ToolCall;
use crate::events::Pace;

/// How the mock behaves; the default answers every turn with a short text.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The final text of every turn.
    pub text: String,
    /// A tool call that comes before it.
    pub tool: Option<ToolCall>,
    /// How streamed events follow each other.
    pub pace: Pace,
    /// The answer to a WebSocket upgrade; 426 makes codex go on with POST at once.
    pub upgrade: StatusCode,
    /// The answer to every path that the mock does not know.
    pub other: StatusCode,
    /// The account in `wham/accounts/check`; by default the one that the client sent.
    pub account: Option<String>,
    /// What goes wrong, the first match first.
    pub faults: Vec<Fault>,
}

/// A request that is answered otherwise than the script says.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The host it was meant for; any, if none is named.
    pub host: Option<String>,
    /// How the path begins.
    pub path: String,
    /// What happens.
    pub answer: Answer,
    /// How many requests it befalls; all, if no number is given.
    pub times: Option<u32>,
}

/// What a fault answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An error of this status with these headers.
    Status {
        /// The status.
        status: StatusCode,
        /// Headers such as `retry-after`.
        headers: Vec<(String, String)>,
    },
    /// Nothing, ever.
    Silence,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            text: "MOCK-FINAL hello from the mock model".to_owned(),
            tool: None,
            pace: Pace::default(),
            upgrade: StatusCode::UPGRADE_REQUIRED,
            other: StatusCode::NOT_FOUND,
            account: None,
            faults: Vec::new(),
        }
    }
}

impl Settings {
    /// What befalls a request, counted.
    pub(super) fn take_fault(&mut self, host: &str, path: &str) -> Option<Answer> {
        let fault = self.faults.iter_mut().find(|fault| fault.befalls(host, path))?;
        fault.times = fault.times.map(|times| times - 1);
        Some(fault.answer.clone())
    }
}

impl Fault {
    fn befalls(&self, host: &str, path: &str) -> bool {
        let host_fits = self
            .host
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(host));
        host_fits && path.starts_with(&self.path) && self.times != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: Option<&str>, times: Option<u32>) -> Settings {
        let host = host.map(str::to_owned);
        let fault = Fault {
            host,
            path: "/v1/".to_owned(),
            answer: Answer::Silence,
            times,
        };
        Settings {
            faults: vec![fault],
            ..Settings::default()
        }
    }

    #[test]
    fn a_fault_befalls_its_host_and_path_only() {
        let mut settings = settings(Some("a.example"), None);
        assert_eq!(settings.take_fault("a.example", "/v1/x"), Some(Answer::Silence));
        assert_eq!(settings.take_fault("b.example", "/v1/x"), None);
        assert_eq!(settings.take_fault("a.example", "/v2/x"), None);
    }

    #[test]
    fn a_counted_fault_ends() {
        let mut settings = settings(None, Some(2));
        let taken: Vec<bool> = (0..3)
            .map(|_| settings.take_fault("any", "/v1/x").is_some())
            .collect();
        assert_eq!(taken, [true, true, false]);
    }
}
