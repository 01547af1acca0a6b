//! A filter between what a guest prints and the user's terminal.
//!
//! Text, colours, cursor movement and known modes pass. All else is dropped: clipboard writes (OSC 52), titles and
//! their reports, hyperlinks, device control strings, file transfers, window operations, resets.

use std::collections::BTreeSet;
use std::fmt::Write;

use vte::{Params, Parser, Perform};

/// Private modes that full-screen programs switch: cursor keys, origin, wrap, blink, cursor, alternate screen,
/// mouse, focus, bracketed paste, synchronised output.
const MODES: [u16; 16] = [
    1, 6, 7, 12, 25, 47, 1000, 1002, 1003, 1004, 1006, 1047, 1048, 1049, 2004, 2026,
];
/// Modes that are on in a terminal at rest.
const ON_AT_REST: [u16; 2] = [7, 25];
/// Most keyboard-protocol levels that a guest can push, so that the reset at the end is bounded.
const MOST_KEYBOARD_LEVELS: u32 = 32;

/// Lets through what a terminal program needs and drops the rest.
#[derive(Default)]
pub struct Filter {
    parser: Parser,
    output: Output,
}

impl Filter {
    /// Filters a piece of the stream; pieces may be cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.parser.advance(&mut self.output, bytes);
        std::mem::take(&mut self.output.text).into_bytes()
    }

    /// Returns what puts the terminal back to rest: modes that the guest left on, colours, margins.
    #[must_use]
    pub fn reset(&self) -> Vec<u8> {
        let mut text = String::new();
        for mode in &self.output.switched {
            let end = if ON_AT_REST.contains(mode) { 'h' } else { 'l' };
            let _ = write!(text, "\u{1b}[?{mode}{end}");
        }
        for _ in 0..self.output.keyboard_levels {
            text.push_str("\u{1b}[<u");
        }
        text.push_str("\u{1b}[>4m\u{1b}[r\u{1b}[0m\u{1b}(B\u{f}");
        text.into_bytes()
    }
}

#[derive(Default)]
struct Output {
    text: String,
    /// Modes that are not as in a terminal at rest.
    switched: BTreeSet<u16>,
    keyboard_levels: u32,
}

impl Output {
    fn private_modes(&mut self, params: &Params, action: char) {
        for mode in params
            .iter()
            .filter_map(|p| p.first().copied())
            .filter(|mode| MODES.contains(mode))
        {
            let at_rest = ON_AT_REST.contains(&mode) == (action == 'h');
            if at_rest {
                self.switched.remove(&mode);
            } else {
                self.switched.insert(mode);
            }
            let _ = write!(self.text, "\u{1b}[?{mode}{action}");
        }
    }

    fn sequence(&mut self, marker: &str, params: &Params, intermediate: &str, action: char) {
        let _ = write!(self.text, "\u{1b}[{marker}");
        for (i, group) in params.iter().enumerate() {
            if i > 0 {
                self.text.push(';');
            }
            let numbers: Vec<String> = group.iter().map(u16::to_string).collect();
            self.text.push_str(&numbers.join(":"));
        }
        let _ = write!(self.text, "{intermediate}{action}");
    }

    /// The kitty keyboard protocol: asking, pushing and popping levels.
    fn keyboard(&mut self, marker: u8, params: &Params) {
        match marker {
            b'>' if self.keyboard_levels < MOST_KEYBOARD_LEVELS => {
                self.keyboard_levels += 1;
                self.sequence(">", params, "", 'u');
            }
            b'<' if self.keyboard_levels > 0 => {
                self.keyboard_levels -= 1;
                self.text.push_str("\u{1b}[<u");
            }
            b'?' => self.text.push_str("\u{1b}[?u"),
            _ => {}
        }
    }
}

impl Perform for Output {
    fn print(&mut self, c: char) {
        if !c.is_control() {
            self.text.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        // BEL, BS, TAB, LF, VT, FF, CR, and the two character-set shifts.
        if (0x07..=0x0f).contains(&byte) {
            self.text.push(char::from(byte));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if ignore {
            return;
        }
        match (intermediates, action) {
            ([], 'A'..='H' | 'J'..='M' | 'P' | 'S' | 'T' | 'X' | 'Z' | '@' | '`' | 'a' | 'b' | 'd'..='g')
            | ([], 'm' | 'r' | 's' | 'u') => self.sequence("", params, "", action),
            // Cursor position and device attributes: the answers hold no text of anybody's.
            ([], 'n' | 'c') => self.sequence("", params, "", action),
            ([b'?'], 'h' | 'l') => self.private_modes(params, action),
            ([b'>'], 'm') => self.sequence(">", params, "", 'm'),
            ([b' '], 'q') => self.sequence("", params, " ", 'q'),
            ([marker], 'u') => self.keyboard(*marker, params),
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        let known = match intermediates {
            [] => b"78=>DEMH".contains(&byte),
            [b'(' | b')'] => b"0AB".contains(&byte),
            _ => false,
        };
        if known && !ignore {
            self.text.push('\u{1b}');
            self.text.extend(intermediates.iter().copied().map(char::from));
            self.text.push(char::from(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, output: &str) {
        assert_eq!(
            String::from_utf8(Filter::default().push(input.as_bytes())).unwrap(),
            output,
            "{input:?}"
        );
    }

    #[test]
    fn osc52_dropped() {
        check("a\u{1b}]52;c;ZXZpbA==\u{7}b", "ab");
        check("a\u{1b}]52;c;ZXZpbA==\u{1b}\\b", "ab");
        check("a\u{9d}52;c;ZXZpbA==\u{9c}b", "a52;c;ZXZpbA==b");
    }

    #[test]
    fn text_colours_and_cursor_pass() {
        for same in [
            "héllo\r\n",
            "\u{1b}[1;31mred\u{1b}[0m",
            "\u{1b}[38:2:1:2:3mx",
            "\u{1b}[2;5H",
            "\u{1b}[2J\u{1b}[0K",
            "\u{1b}7\u{1b}8",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn what_reads_or_writes_beyond_the_screen_is_dropped() {
        for gone in [
            "\u{1b}]0;title\u{7}",
            "\u{1b}[21t",
            "\u{1b}P+q544e\u{1b}\\",
            "\u{1b}]1337;File=:AAAA\u{7}",
            "\u{1b}]8;;http://x\u{7}",
            "\u{1b}_G\u{1b}\\",
            "\u{1b}^x\u{1b}\\",
            "\u{1b}c",
            "\u{1b}[!p",
            "\u{1b}[?1337h",
            "\u{1b}[5i",
            "\u{1b}Z",
            "\u{5}",
            "\u{0}",
        ] {
            check(gone, "");
        }
    }

    #[test]
    fn cutting_the_stream_changes_nothing() {
        let stream = "a\u{1b}[1;31mé\u{1b}]52;c;QQ==\u{7}\u{1b}[?1049h\u{1b}P1\u{1b}\\z";
        proptest::proptest!(|(cut in 0..stream.len())| {
            let mut filter = Filter::default();
            let (head, tail) = stream.as_bytes().split_at(cut);
            let mut out = filter.push(head);
            out.extend(filter.push(tail));
            proptest::prop_assert_eq!(out, Filter::default().push(stream.as_bytes()));
        });
    }

    #[test]
    fn only_known_sequences_ever_come_out() {
        proptest::proptest!(|(bytes: Vec<u8>)| {
            let once = Filter::default().push(&bytes);
            proptest::prop_assert_eq!(Filter::default().push(&once), once);
        });
    }

    #[test]
    fn an_endless_control_string_does_not_grow() {
        let mut filter = Filter::default();
        assert!(filter.push(b"\x1b]52;c;").is_empty());
        for _ in 0..100 {
            assert!(filter.push(&[b'A'; 10_000]).is_empty());
        }
        assert_eq!(filter.push(b"\x07ok"), b"ok");
    }

    #[test]
    fn modes_that_were_left_on_are_reset() {
        let mut filter = Filter::default();
        filter.push(b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?2004l\x1b[>1u");
        let reset = String::from_utf8(filter.reset()).unwrap();
        assert!(
            reset.starts_with("\u{1b}[?25h\u{1b}[?1049l\u{1b}[<u"),
            "{reset:?}"
        );
        assert!(!reset.contains("2004"), "{reset:?}");
    }
}
