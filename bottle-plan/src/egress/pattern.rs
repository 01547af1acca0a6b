//! Regular expressions of routes: one way to compile them, for those who check and those who enforce.

use regex::bytes::{Regex, RegexBuilder};

/// The longest expression that a route may hold, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1024;

/// The most bytes that a compiled expression may take; the engine itself runs in linear time.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// Says why a text is not an expression that a route may hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The text is longer than [`MAX_PATTERN_BYTES`].
    #[error("the expression is longer than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// The compiled form is too large, which counted repetitions cause.
    #[error("the expression is too large once compiled")]
    TooLarge,
    /// The syntax is wrong.
    #[error("the expression is malformed: {0}")]
    Malformed(String),
}

/// Compiles an expression that matches a whole path or header value, never a part of it.
///
/// Matching is over bytes and ASCII classes: `\d` is `[0-9]`, whatever the platform.
///
/// # Errors
///
/// [`PatternError`] for anything too long, too large or malformed. The text must be an expression by itself, so
/// that no unbalanced parenthesis can step out of the anchors.
pub fn whole_match(pattern: &str) -> Result<Regex, PatternError> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(PatternError::TooLong);
    }
    compile(pattern)?;
    compile(&format!(r"\A(?:{pattern})\z"))
}

fn compile(pattern: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(MAX_COMPILED_BYTES)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
        // The rendered error ends with the reason; what stands before it repeats the expression.
        other => PatternError::Malformed(reason(&other.to_string())),
    })
}

fn reason(rendered: &str) -> String {
    let reason = rendered
        .rsplit_once("error: ")
        .map_or(rendered, |(_, reason)| reason);
    reason.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, matching: &[&str], other: &[&str]) {
        let regex = whole_match(pattern).expect("an expression");
        for text in matching {
            assert!(regex.is_match(text.as_bytes()), "{pattern} {text}");
        }
        for text in other {
            assert!(!regex.is_match(text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn an_expression_covers_the_whole_text() {
        check("/v[12]/.*", &["/v1/", "/v2/x"], &["/v3/", "x/v1/", "/v1"]);
        check("/a|/b", &["/a", "/b"], &["/ax", "x/b", "/a/b"]);
        check("(?i)/a", &["/A"], &["/A\n"]);
        check("(?m)^/a$", &["/a"], &["/a\n/b", "/b\n/a"]);
        check(r"/\d+", &["/12"], &["/١"]);
        check("/é", &["/é"], &["/e"]);
    }

    #[test]
    fn no_expression_steps_out_of_its_anchors() {
        for pattern in ["/a)|(?:.*", "/a)|(", "(?x)/a # "] {
            let stays = whole_match(pattern).is_ok_and(|regex| !regex.is_match(b"/b"));
            assert!(stays || whole_match(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_is_too_large_or_malformed_is_refused() {
        assert_eq!(whole_match(&"a".repeat(1025)).err(), Some(PatternError::TooLong));
        assert_eq!(
            whole_match("(((a{999}){999}){999})").err(),
            Some(PatternError::TooLarge)
        );
        let malformed = PatternError::Malformed("unclosed group".to_owned());
        assert_eq!(whole_match("/a(").err(), Some(malformed));
    }
}
