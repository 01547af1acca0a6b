//! Text of unknown origin, made safe to show.

use std::fmt::Write as _;

/// The most characters of a quoted text that a message repeats.
const QUOTED_CHARACTERS: usize = 80;

/// Replaces what could move a cursor, hide or reorder text by a visible `\u{..}`.
///
/// ```
/// assert_eq!(bottle_document::escape_untrusted("a\u{202e}b\u{1b}[2J"), "a\\u{202e}b\\u{1b}[2J");
/// ```
pub fn escape_untrusted(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut escaped, character| {
            push_escaped(&mut escaped, character);
            escaped
        })
}

/// Quotes a user's own text for a message: escaped, on one line, and cut when long.
///
/// ```
/// assert_eq!(bottle_document::quoted("a\nb"), "`a\\u{a}b`");
/// ```
pub fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(QUOTED_CHARACTERS).collect();
    let cut = if characters.next().is_some() { "…" } else { "" };
    format!("`{}{cut}`", escape_untrusted(&shown))
}

pub(crate) fn push_escaped(escaped: &mut String, character: char) {
    if is_deceptive(character) {
        // Writing to a string cannot fail.
        let _ = write!(escaped, "{}", character.escape_unicode());
    } else {
        escaped.push(character);
    }
}

/// Controls, line separators, direction marks, and what has no width or shape of its own.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e01ef}')
}
