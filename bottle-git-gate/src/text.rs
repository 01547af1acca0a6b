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
    let lines: Vec<String> = lines
        .filter(|line| !is_progress(line) && !is_trace(line) && !is_event(line))
        .collect();
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

/// Lines such as `12:00:00.000000 pkt-line.c:86 packet: push< 0000`; what an upstream says begins with `remote: `.
fn is_trace(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_time = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_digit() || b":.".contains(&byte))
    };
    words.next().is_some_and(is_time) && words.next().is_some_and(|word| word.starts_with("pkt-line.c:"))
}

/// Lines of JSON that `GIT_TRACE2_EVENT` asks for.
fn is_event(line: &str) -> bool {
    line.starts_with("{\"event\":")
}

/// Whether git says among its events that client and upstream speak version 2 of the protocol.
pub(crate) fn has_agreed_on_version_2(said: &[u8]) -> bool {
    let text = String::from_utf8_lossy(said);
    let mut events = text.lines().filter(|line| is_event(line));
    events.any(|line| line.contains(r#""key":"negotiated-version","value":"2""#))
}

#[cfg(test)]
mod tests {
    use super::{has_agreed_on_version_2, last_lines};

    #[test]
    fn the_version_is_read_from_events_alone() {
        let event = |version: u8| {
            format!(
                r#"{{"event":"data","category":"transfer","key":"negotiated-version","value":"{version}"}}"#
            )
        };
        let said = |line: &str| has_agreed_on_version_2(format!("warning: x\n{line}\n").as_bytes());
        assert!(said(&event(2)));
        assert!(!said(&event(1)) && !said(&format!("remote: {}", event(2))));
        assert!(last_lines(event(2).as_bytes(), 5).is_empty());
    }

    #[test]
    fn what_git_says_to_itself_is_left_out() {
        let said = b"16:00:00.123456 pkt-line.c:86           packet:     sideband< \\1\nWriting objects: 3\nfatal: no\n";
        assert_eq!(last_lines(said, 5), ["fatal: no"]);
        let said = b"remote: 16:00:00.1 pkt-line.c:86 of theirs\n";
        assert_eq!(last_lines(said, 5).len(), 1);
    }
}
