//! The words in braces that a plugin's texts may hold.

use bottle_document::{Diagnostic, Diagnostics, Span, nearest, quoted};
use bottle_plan::paths::GuestPath;

/// What the words stand for. Those that are settled only when the agent starts stay as they are.
#[derive(Debug, Clone)]
pub(super) struct Placeholders {
    settled: Vec<(&'static str, String)>,
    kept: Vec<&'static str>,
}

impl Placeholders {
    /// The words that every text may hold.
    pub(super) fn new(home: &GuestPath, workspace: &GuestPath, bundle: &GuestPath) -> Self {
        Self {
            settled: vec![
                ("guest_home", home.to_string()),
                ("workspace", workspace.to_string()),
                ("ca_bundle", bundle.to_string()),
            ],
            kept: Vec::new(),
        }
    }

    /// No word at all.
    pub(super) fn none() -> Self {
        Self {
            settled: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Adds a word with its meaning.
    pub(super) fn and(&self, word: &'static str, text: &GuestPath) -> Self {
        let mut more = self.clone();
        more.settled.push((word, text.to_string()));
        more
    }

    /// Adds a word that is filled in later.
    pub(super) fn keeping(&self, word: &'static str) -> Self {
        let mut more = self.clone();
        more.kept.push(word);
        more
    }

    /// Fills in a text in which every word in braces must be known.
    pub(super) fn fill(&self, text: &str, span: &Span, diagnostics: &mut Diagnostics) -> Option<String> {
        let mut unknown = None;
        let filled = replace(text, |word| {
            let known = self.meaning(word);
            if known.is_none() {
                unknown.get_or_insert_with(|| word.to_owned());
            }
            known
        });
        let Some(word) = unknown else {
            return Some(filled);
        };
        let known: Vec<&str> = self.words().collect();
        let message = format!("{} is not filled in here", quoted(&format!("{{{word}}}")));
        diagnostics.report(
            Diagnostic::error("unknown-placeholder", message)
                .at(span)
                .did_you_mean(nearest(&word, known.iter().copied()))
                .help(format!("allowed here: {}", known.join(", "))),
        );
        None
    }

    /// Fills in a file's text, in which other braces have a meaning of their own.
    pub(super) fn fill_content(&self, text: &str) -> String {
        replace(text, |word| self.meaning(word))
    }

    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.settled
            .iter()
            .map(|(word, _)| *word)
            .chain(self.kept.iter().copied())
    }

    fn meaning(&self, word: &str) -> Option<String> {
        let settled = self.settled.iter().find(|(known, _)| *known == word);
        let kept = || self.kept.contains(&word).then(|| format!("{{{word}}}"));
        settled.map(|(_, text)| text.clone()).or_else(kept)
    }
}

/// Replaces words in braces from left to right; what was filled in is not looked at again.
fn replace(text: &str, mut meaning: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let word = after
            .split_once('}')
            .map(|(word, _)| word)
            .filter(|word| is_word(word));
        match word.and_then(|word| Some((word, meaning(word)?))) {
            Some((word, text)) => {
                out.push_str(&text);
                rest = after.get(word.len() + 1..).unwrap_or_default();
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
