//! Which names a pushed ref may have at all, whatever the policy says.

use crate::limits::REF_BYTES;

/// Says what is wrong with the name of a ref (git-check-ref-format(1), and what could be taken for another name).
pub(crate) fn objection(name: &str) -> Option<&'static str> {
    let part = |part: &str| {
        part.is_empty() || part.starts_with(['.', '-']) || part.ends_with(".lock") || part.ends_with('.')
    };
    let plain = |c: char| match c.is_ascii() {
        true => c.is_ascii_graphic() && !"~^:?*[\\".contains(c),
        // Marks, joiners, bidi controls and lookalike blanks make one name look like another.
        false => c.is_alphanumeric() && bottle_util::untrusted::is_plain(c),
    };
    if name.len() > REF_BYTES {
        return Some("the name is too long");
    }
    if !name.chars().all(plain) {
        return Some("the name holds characters that can hide or confuse");
    }
    if name.contains("..") || name.contains("@{") || name.split('/').any(part) {
        return Some("the name is not one that git allows");
    }
    let below = name
        .strip_prefix("refs/heads/")
        .or_else(|| name.strip_prefix("refs/tags/"));
    let pseudo = |below: &str| {
        let first = below.split('/').next().unwrap_or_default();
        first.eq_ignore_ascii_case("refs") || first.eq_ignore_ascii_case("head") || below == "@"
    };
    below
        .is_some_and(pseudo)
        .then_some("the name looks like a ref of another kind")
}

#[cfg(test)]
mod tests {
    use super::objection;

    #[test]
    fn plain_names_pass() {
        for name in [
            "refs/heads/a",
            "refs/heads/bottle/x-1/fix_2",
            "refs/tags/v1.0",
            "refs/heads/größe",
            "refs/heads/日本",
        ] {
            assert_eq!(objection(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_confuse_are_refused() {
        for name in [
            "refs/heads/",
            "refs/heads/a..b",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a//b",
            "refs/heads/a b",
            "refs/heads/a\u{202e}b",
            "refs/heads/a\u{200d}",
            "refs/heads/e\u{301}",
            "refs/heads/a\u{fffd}",
            "refs/heads/-a",
            "refs/heads/HEAD",
            "refs/heads/head",
            "refs/heads/refs/heads/main",
            "refs/heads/Refs/x",
            "refs/heads/a@{1}",
            "refs/heads/a\n",
            "refs/heads/a*",
            "refs/heads/@",
        ] {
            assert!(objection(name).is_some(), "{name}");
        }
        assert!(objection(&format!("refs/heads/{}", "a".repeat(600))).is_some());
    }
}
