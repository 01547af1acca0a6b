//! What git and upstreams print, cut and made safe to pass on.

use bottle_util::untrusted;

/// The longest line that is passed on, in characters.
const LINE: usize = 400;

/// Returns one line, cut.
pub(crate) fn line(text: &str) -> String {
    untrusted::line(text.trim_end()).chars().take(LINE).collect()
}

/// Returns the last lines that say something, without progress.
pub(crate) fn last_lines(bytes: &[u8], most: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r']).map(line).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.filter(|line| !is_progress(line)).collect();
    let skip = lines.len().saturating_sub(most);
    lines.into_iter().skip(skip).collect()
}

fn is_progress(line: &str) -> bool {
    let line = line.trim_start_matches("remote: ");
    [
        "Enumerating objects",
        "Counting objects",
        "Compressing objects",
        "Receiving objects",
        "Resolving deltas",
        "Writing objects",
        "Total ",
        "Delta compression",
        "Checking connectivity",
        "Unpacking objects",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}
