//! Sending on what was permitted: all refs or none, each only from where the client saw it.

use super::quarantine::Quarantine;
use crate::child::{self, ChildError, Done, Patience};
use crate::decide::Permit;
use crate::gate::Repo;
use crate::limits::{FETCH_TIME, UPSTREAM_SILENCE};
use crate::text;
use crate::upstream::UpstreamError;

/// Says why the upstream does not have what was permitted.
#[derive(Debug, thiserror::Error)]
pub(super) enum ForwardError {
    #[error("the upstream refused the push")]
    Refused {
        /// Each ref and why.
        refs: Vec<(String, String)>,
        /// What it said to people.
        said: Vec<String>,
    },
    #[error(transparent)]
    Upstream(UpstreamError),
    #[error("the upstream fell silent while it was pushed to: fetch to see whether it took the push")]
    Unknown,
}

impl ForwardError {
    /// Its name in the log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "upstream-refused",
            Self::Upstream(error) => error.name(),
            Self::Unknown => "unknown-outcome",
        }
    }
}

/// The most lines of the upstream's that are passed on.
const SAID: usize = 20;

/// Sends on; the permit is spent.
pub(super) async fn forward(
    repo: &Repo,
    quarantine: &Quarantine,
    permit: Permit,
) -> Result<(), ForwardError> {
    let upstream = repo.mirror.upstream();
    let shared = upstream.lease().await;
    let mut call = repo.mirror.call().quarantined(quarantine.objects());
    call = call.args([
        "push",
        "--porcelain",
        "--progress",
        "--no-verify",
        "--no-signed",
        "--no-follow-tags",
    ]);
    if permit.updates().len() > 1 {
        call = call.arg("--atomic");
    }
    for option in permit.options() {
        call = call.arg(format!("--push-option={option}"));
    }
    for update in permit.updates() {
        let old = if update.old.is_null() {
            ""
        } else {
            update.old.as_str()
        };
        call = call.arg(format!("--force-with-lease={}:{old}", update.name));
    }
    call = call.args(["--", upstream.url()]);
    for update in permit.updates() {
        let new = if update.new.is_null() {
            ""
        } else {
            update.new.as_str()
        };
        call = call.arg(format!("{new}:{}", update.name));
    }
    let patience = Patience {
        silence: UPSTREAM_SILENCE,
        total: FETCH_TIME,
    };
    // The client's deltas go on as they came; to look for better ones takes half of the time.
    let call = call.config("pack.window", "0");
    // Packets without content, which an upstream sends while its hooks run, are heard as lines of a trace.
    let call = upstream.arm(call).env("GIT_TRACE_PACKET", "2");
    let sent = match child::run(call.command(), call.input(), patience).await {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(refusal(&done)),
        Err(ChildError::Silent(_) | ChildError::TooLong(_)) => Err(ForwardError::Unknown),
        Err(error) => Err(ForwardError::Upstream(error.into())),
    };
    if let (Err(ForwardError::Unknown | ForwardError::Upstream(_)), Some(shared)) = (&sent, &shared) {
        shared.spoil();
    }
    sent
}

/// Reads `!<tab>FROM:TO<tab>[kind] (reason)` lines (git-push(1), "--porcelain").
fn refusal(done: &Done) -> ForwardError {
    let mut refs = Vec::new();
    for line in String::from_utf8_lossy(&done.stdout).lines() {
        let mut fields = line.split('\t');
        let (Some("!"), Some(pair), Some(why)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let name = pair.rsplit_once(':').map_or(pair, |(_, name)| name);
        let why = match why.contains("stale info") {
            true => "the upstream has moved: fetch, and push again".to_owned(),
            false => format!("upstream: {}", text::line(why)),
        };
        refs.push((name.to_owned(), why));
    }
    if refs.is_empty() {
        return ForwardError::Upstream(UpstreamError::of(done));
    }
    let lines = text::last_lines(&done.stderr, SAID);
    let said = lines
        .iter()
        .filter_map(|line| line.strip_prefix("remote: "))
        .map(str::to_owned);
    ForwardError::Refused {
        refs,
        said: said.collect(),
    }
}
