//! The source lines of a diagnostic: cut, escaped, with what may be secret masked.

use std::ops::Range;

use crate::diagnostic::Label;
use crate::escape::push_escaped;
use crate::source::{Source, Span};

/// Bytes of a line shown before what is pointed at.
const BEFORE: usize = 80;
/// Bytes of a line shown from there on.
const AFTER: usize = 160;
/// Lines this near to one that is pointed at are shown with it.
const NEAR: usize = 1;
/// What stands for hidden text.
const MASK: &str = "***";

/// Part of a source that is safe to show.
pub(super) struct Excerpt {
    /// The lines, those far from any label left empty.
    pub(super) text: String,
    /// The number of the first line, from 1.
    pub(super) first_line: usize,
    /// For each label, its bytes in `text`.
    pub(super) ranges: Vec<Range<usize>>,
}

impl Excerpt {
    pub(super) fn new(source: &Source, labels: &[&Label], hidden: &[Span]) -> Self {
        let pointed: Vec<usize> = labels.iter().map(|label| label.span.line()).collect();
        let first_line = pointed.iter().copied().min().unwrap_or(1);
        let last_line = pointed.iter().copied().max().unwrap_or(1);
        let hidden = ranges_in(source, hidden);
        let mut excerpt = Self {
            text: String::new(),
            first_line,
            ranges: vec![0..0; labels.len()],
        };
        for line in first_line..=last_line {
            if pointed.iter().any(|other| other.abs_diff(line) <= NEAR) {
                excerpt.push_line(source, line, labels, &hidden);
            }
            excerpt.text.push('\n');
        }
        excerpt
    }

    fn push_line(&mut self, source: &Source, line: usize, labels: &[&Label], hidden: &[Range<usize>]) {
        let bytes = source.line_range(line);
        let here = |label: &&Label| label.span.line() == line;
        let focus = labels
            .iter()
            .copied()
            .find(here)
            .map_or(bytes.start, |label| label.span.range().start);
        let start = source
            .text()
            .floor_char_boundary(focus.saturating_sub(BEFORE))
            .max(bytes.start);
        let end = source
            .text()
            .ceil_char_boundary(focus.saturating_add(AFTER))
            .min(bytes.end);
        if start > bytes.start {
            self.text.push('…');
        }
        let shown = ShownLine::new(source, start..end, hidden, self.text.len());
        self.text.push_str(&shown.text);
        if end < bytes.end {
            self.text.push('…');
        }
        for (label, range) in labels
            .iter()
            .zip(&mut self.ranges)
            .filter(|(label, _)| here(label))
        {
            *range = shown.place(label.span.range());
        }
    }
}

/// A line as shown, and where each of its bytes went.
struct ShownLine {
    text: String,
    source_start: usize,
    /// For each byte of the source from `source_start`, and for its end, the offset in the excerpt.
    places: Vec<usize>,
}

impl ShownLine {
    fn new(source: &Source, range: Range<usize>, hidden: &[Range<usize>], at: usize) -> Self {
        let mut shown = Self {
            text: String::new(),
            source_start: range.start,
            places: Vec::new(),
        };
        let overlaps = |hidden: &&Range<usize>| hidden.start < range.end && range.start < hidden.end;
        let hidden: Vec<&Range<usize>> = hidden.iter().filter(overlaps).collect();
        let mut was_hidden = false;
        for (offset, character) in source
            .text()
            .get(range.clone())
            .unwrap_or_default()
            .char_indices()
        {
            let place = at + shown.text.len();
            shown
                .places
                .extend(std::iter::repeat_n(place, character.len_utf8()));
            let is_hidden = hidden
                .iter()
                .any(|hidden| hidden.contains(&(range.start + offset)));
            match (is_hidden, was_hidden) {
                (false, _) if character == '\t' => shown.text.push('\t'),
                (false, _) => push_escaped(&mut shown.text, character),
                (true, false) => shown.text.push_str(MASK),
                (true, true) => {}
            }
            was_hidden = is_hidden;
        }
        shown.places.push(at + shown.text.len());
        shown
    }

    fn place(&self, range: Range<usize>) -> Range<usize> {
        let last = self.places.last().copied().unwrap_or_default();
        let place = |offset: usize| {
            self.places
                .get(offset.saturating_sub(self.source_start))
                .copied()
                .unwrap_or(last)
        };
        let start = place(range.start);
        start..place(range.end).max(start)
    }
}

fn ranges_in(source: &Source, spans: &[Span]) -> Vec<Range<usize>> {
    spans
        .iter()
        .filter(|span| span.source() == source)
        .map(Span::range)
        .collect()
}
