//! Texts quoted for one reader each.

use std::fmt::Write;

/// Renders a text as a TOML basic string, quotes included.
#[must_use]
pub fn toml_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Renders a command so that a person can paste it into a shell.
#[must_use]
pub fn shell_words<S: AsRef<str>>(argv: &[S]) -> String {
    let words: Vec<String> = argv.iter().map(|word| shell_word(word.as_ref())).collect();
    words.join(" ")
}

fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_toml_string() {
        assert_eq!(
            toml_string("a\"b\\c\nd\u{0}\u{7f}é"),
            "\"a\\\"b\\\\c\\nd\\u0000\\u007Fé\""
        );
        proptest::proptest!(|(text in ".*|[\\x00-\\x9f\"\\\\]*")| {
            let quoted = toml_string(&text);
            let inside = &quoted[1..quoted.len() - 1];
            proptest::prop_assert!(!inside.chars().any(char::is_control));
            let unescaped = inside.replace("\\\\", "").replace("\\\"", "");
            proptest::prop_assert!(!unescaped.contains('"'));
        });
    }

    #[test]
    fn words_with_anything_odd_are_quoted() {
        assert_eq!(
            shell_words(&["claude", "a b", "it's", "", "$(x)"]),
            "claude 'a b' 'it'\\''s' '' '$(x)'"
        );
    }
}
