//! A screen, as far as the inbox draws on it: places, characters, a blank one, and where a drawing ends.

/// Rows and columns of characters.
#[derive(Debug)]
pub(super) struct Grid {
    rows: Vec<Vec<char>>,
    /// The rows as they were at the end of the last drawing: between two, the screen is partly the one before.
    shown: Vec<String>,
    at: (usize, usize),
    /// A sequence, or a character, that has not ended.
    left: Vec<u8>,
}

impl Grid {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        Self {
            rows: vec![vec![' '; columns.into()]; rows.into()],
            shown: Vec::new(),
            at: (0, 0),
            left: Vec::new(),
        }
    }

    /// Draws what a program wrote.
    pub(super) fn draw(&mut self, bytes: &[u8]) {
        let mut rest = std::mem::take(&mut self.left);
        rest.extend(bytes);
        let mut rest = &*rest;
        while let Some(first) = rest.first() {
            let taken = match first {
                0x1b => self.sequence(rest),
                _ => self.character(rest),
            };
            match taken {
                Some(taken) => rest = rest.get(taken..).unwrap_or_default(),
                None => break,
            }
        }
        self.left = rest.to_vec();
    }

    /// Tells whether a text is on the screen that was last drawn to its end.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.shown.iter().any(|row| row.contains(text))
    }

    /// Takes a whole escape sequence (ECMA-48, section 5.4); only places, blanks and the cursor matter: hiding it is
    /// the last that each drawing does.
    fn sequence(&mut self, bytes: &[u8]) -> Option<usize> {
        if bytes.get(1)? != &b'[' {
            return Some(2);
        }
        let length = bytes
            .iter()
            .skip(2)
            .position(|byte| (0x40..=0x7e).contains(byte))?;
        let (words, end) = (bytes.get(2..2 + length)?, bytes.get(2 + length)?);
        let words = String::from_utf8_lossy(words);
        let number = |word: Option<&str>| word.and_then(|word| word.parse().ok()).unwrap_or(1_usize);
        match end {
            b'H' => {
                let mut words = words.split(';');
                let (row, column) = (number(words.next()), number(words.next()));
                self.at = (row.saturating_sub(1), column.saturating_sub(1));
            }
            b'J' => self.rows.iter_mut().for_each(|row| row.fill(' ')),
            b'l' if words == "?25" => self.shown = self.rows.iter().map(|row| row.iter().collect()).collect(),
            _ => (),
        }
        Some(3 + length)
    }

    fn character(&mut self, bytes: &[u8]) -> Option<usize> {
        let length = match bytes.first()? {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        let text = String::from_utf8_lossy(bytes.get(..length)?).into_owned();
        let (row, column) = self.at;
        let cell = self.rows.get_mut(row).and_then(|row| row.get_mut(column));
        if let (Some(cell), Some(c)) = (cell, text.chars().next()) {
            *cell = c;
        }
        self.at.1 += 1;
        Some(length)
    }
}

impl std::fmt::Display for Grid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = self.shown.iter().map(|line| line.trim_end());
        lines
            .filter(|line| !line.is_empty())
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_in_any_pieces_is_seen() {
        let bytes = "\x1b[2J\x1b[2;3H\x1b[1mbottle\x1b[0m\x1b[1;1H│ x\x1b[2;3HB\x1b[?25l".as_bytes();
        for at in 0..bytes.len() {
            let mut grid = Grid::new(20, 4);
            let (first, second) = bytes.split_at(at);
            grid.draw(first);
            assert!(!grid.contains("ottle"), "{at}");
            grid.draw(second);
            assert!(grid.contains("  Bottle") && grid.contains("│ x"), "{at}");
            grid.draw(b"\x1b[2J\x1b[?25l");
            assert!(!grid.contains("ottle"));
        }
    }

    #[test]
    fn a_drawing_that_has_not_ended_shows_what_was_there_before() {
        let mut grid = Grid::new(20, 4);
        grid.draw(b"\x1b[1;1Hlist\x1b[?25l\x1b[1;1Hmore");
        assert!(grid.contains("list") && !grid.contains("more"));
        grid.draw(b"\x1b[?25l");
        assert!(grid.contains("more"));
    }
}
