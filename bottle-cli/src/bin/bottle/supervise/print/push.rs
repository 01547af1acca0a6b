//! A held push as text. The agent chose the names of refs and files, and the lines around findings.

use bottle_util::untrusted;
use bottle_wire::git_gate::RefChange;
use bottle_wire::supervise::{PushFinding, PushProposal};

/// How many digits of an object's name are shown.
const DIGITS: usize = 12;

/// What is held, in one line.
pub(in crate::supervise) fn summary(push: &PushProposal) -> String {
    let names: Vec<&str> = push.refs.iter().map(|change| change.name.as_str()).collect();
    let held = match (push.findings.len(), push.ci_files.len()) {
        (0, files) => format!("{files} CI files"),
        (findings, 0) => format!("{findings} findings"),
        (findings, files) => format!("{findings} findings, {files} CI files"),
    };
    untrusted::line(&format!("push to {}: {}; {held}", push.repo, names.join(" ")))
}

/// All of what an approval would let pass.
pub(super) fn facts(push: &PushProposal) -> Vec<String> {
    let mut lines = vec![format!("push to {}", push.repo)];
    lines.extend(push.refs.iter().map(moved));
    let files = push.ci_files.iter();
    lines.extend(files.map(|file| format!("changes what a machine runs unasked: {file}")));
    lines.extend(push.findings.iter().flat_map(found));
    lines.push("lets exactly these objects pass when they are pushed again".to_owned());
    lines.iter().map(|line| untrusted::line(line)).collect()
}

fn moved(change: &RefChange) -> String {
    let is_none = |id: &str| id.bytes().all(|digit| digit == b'0');
    let short = |id: &str| id.chars().take(DIGITS).collect::<String>();
    let RefChange { name, old, new } = change;
    match (is_none(old), is_none(new)) {
        (true, _) => format!("+ {name} at {}", short(new)),
        (false, true) => format!("- {name} at {}", short(old)),
        (false, false) => format!("  {name} {}..{}", short(old), short(new)),
    }
}

fn found(finding: &PushFinding) -> Vec<String> {
    let commit: String = finding
        .commit
        .iter()
        .flat_map(|id| id.chars().take(DIGITS))
        .collect();
    let at = if commit.is_empty() {
        commit
    } else {
        format!(" at {commit}")
    };
    let place = format!("{} in {}:{}{at}", finding.rule, finding.file, finding.line);
    let marked = format!(
        "secret {place} ({}), beside a comment that says to ignore it",
        finding.masked
    );
    let text = (!finding.text.is_empty()).then(|| format!("│ {}", finding.text));
    std::iter::once(marked).chain(text).collect()
}
