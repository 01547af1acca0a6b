//! Whether a text that has the shape of a secret looks like one.

/// What documentation and tests write in place of a secret, in lower case.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "xxxx",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "your_",
    "your-",
    "yourkey",
    "dummy",
    "redacted",
    "00000000",
    "abcdefgh",
    "123456789",
    "deadbeef",
    "....",
    "****",
    "insert_",
    "replace",
    "_here",
    "foobar",
    "sample",
    "not_a_real",
    "notareal",
    "fakefake",
    "test_test",
    "undefined",
];

/// What names, code and prose hold in place of a secret, where only the surroundings say that it is one.
const WORDS: &[&str] = &[
    "password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "access", "public", "private",
    "default", "config", "string", "value", "client", "server", "process", "params", "request", "response",
    "function", "return", "import", "header", "option", "service", "account", "user", "name", "field",
    "type", "class", "index", "error", "http", "null", "true", "false", "test", "mock", "none", "some",
    "env.", "self.", "this.", "local", "random", "encode", "decode",
];

/// Returns Shannon's entropy of a text, in bits per byte.
pub(crate) fn entropy(text: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = text.len().max(1) as f32;
    let share = |count: &u32| *count as f32 / length;
    let present = counts.iter().filter(|count| **count > 0).map(share);
    present.map(|share| -share * share.log2()).sum()
}

/// Whether a text is plainly a stand-in for a secret.
pub(crate) fn is_placeholder(text: &[u8]) -> bool {
    holds_any(text, PLACEHOLDERS)
}

/// Whether a text is put together from what programs are written in.
pub(crate) fn is_wordy(text: &[u8]) -> bool {
    holds_any(text, WORDS)
}

/// Whether a text has digits as well as letters, as what is drawn at random has.
pub(crate) fn is_mixed(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic)
}

fn holds_any(text: &[u8], words: &[&str]) -> bool {
    let holds = |word: &str| {
        let same = |part: &[u8]| part.eq_ignore_ascii_case(word.as_bytes());
        text.windows(word.len()).any(same)
    };
    words.iter().any(|word| holds(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_text_has_all_the_entropy_there_is() {
        assert!((entropy(b"abcdefgh") - 3.0).abs() < 1e-6);
        assert!(entropy(b"aaaaaaaa").abs() < 1e-6);
        assert!(entropy(b"").abs() < 1e-6);
    }

    #[test]
    fn stand_ins_are_known_in_any_case() {
        assert!(is_placeholder(b"AKIAIOSFODNN7EXAMPLE"));
        assert!(!is_placeholder(b"AKIAIOSFODNN7QZ4PLEX"));
    }
}
