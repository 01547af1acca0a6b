//! Text that nobody vouches for, made safe to show.

/// Escapes every character that could move the cursor, colour, reorder or hide: controls, bidi and invisibles.
///
/// The result is one line.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// Escapes like [`line()`], and keeps line feeds and tabs.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || c == '\t' || is_plain(c) {
            out.push(c);
        } else if c != '\r' {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// Tells whether a character shows itself and nothing else.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_moves_the_cursor() {
        proptest::proptest!(|(text in "\\PC*|[\\x00-\\x9f]*|.*")| {
            proptest::prop_assert!(super::line(&text).chars().all(super::is_plain));
            proptest::prop_assert!(super::text(&text).chars().all(|c| c == '\n' || c == '\t' || super::is_plain(c)));
        });
    }

    #[test]
    fn plain_text_stays_itself() {
        assert_eq!(super::line("naïve 日本 \u{1f600}"), "naïve 日本 \u{1f600}");
        assert_eq!(super::text("a\r\n\tb\u{1b}[2J"), "a\n\tb\\u{1b}[2J");
        assert_eq!(super::line("evil\u{202e}txt"), "evil\\u{202e}txt");
    }
}
