//! Lowering a map key by key, so that what was not asked for is known to be unknown.

use crate::diagnostic::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::escape::quoted;
use crate::suggest::nearest;
use crate::tree::{Entry, Map, Node};
use crate::{Span, WrongType};

/// Hands out the entries of a map once each and reports the rest.
///
/// Ask for every key before giving up on any: the list of allowed keys is what was asked for.
#[derive(Debug)]
pub struct MapReader<'n> {
    what: &'static str,
    map: &'n Map,
    span: &'n Span,
    allowed: Vec<&'static str>,
    settled: Vec<&'static str>,
}

impl<'n> MapReader<'n> {
    /// Starts on a node that must be a map; `what` names it in messages ("a route").
    pub fn new(what: &'static str, node: &'n Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let map = diagnostics.accept(node.expect_map().map_err(|wrong| named(what, &wrong)))?;
        Some(Self::of(what, map, &node.span))
    }

    /// Starts on an entry whose value must be a map.
    pub fn of_entry(what: &'static str, entry: &'n Entry, diagnostics: &mut Diagnostics) -> Option<Self> {
        let map = diagnostics.accept(entry.expect_map())?;
        Some(Self::of(what, map, &entry.node.span))
    }

    fn of(what: &'static str, map: &'n Map, span: &'n Span) -> Self {
        Self {
            what,
            map,
            span,
            allowed: Vec::new(),
            settled: Vec::new(),
        }
    }

    /// The entry of a key that may be missing.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Entry> {
        self.allowed.push(key);
        self.map.entry(key)
    }

    /// The entry of a key that must be there.
    pub fn required(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n Entry> {
        let entry = self.optional(key);
        if entry.is_none() {
            diagnostics.report(
                Diagnostic::error("missing-key", format!("{} needs {}", self.what, quoted(key)))
                    .at(self.span),
            );
        }
        entry
    }

    /// Allows a key whose value does not matter here.
    pub fn ignored(&mut self, key: &'static str) {
        self.allowed.push(key);
    }

    /// Reports a key that has a meaning but no place here: an old name, or one reserved. Gives the entry, so that
    /// its value can be hidden.
    pub fn refused(
        &mut self,
        key: &'static str,
        diagnostics: &mut Diagnostics,
        mistake: impl FnOnce(&Entry) -> Diagnostic,
    ) -> Option<&'n Entry> {
        self.settled.push(key);
        let entry = self.map.entry(key)?;
        diagnostics.report(mistake(entry));
        Some(entry)
    }

    /// From the map's first to its last byte.
    pub fn span(&self) -> &'n Span {
        self.span
    }

    /// Reports every key that nobody asked for, with what was probably meant and what is allowed.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        for entry in self.map.entries() {
            let key = entry.key.value.as_str();
            if !self.allowed.contains(&key) && !self.settled.contains(&key) {
                // A secret under a mistyped key is still one.
                diagnostics.hide(&entry.node.span);
                diagnostics.report(self.unknown(entry));
            }
        }
    }

    fn unknown(&self, entry: &Entry) -> Diagnostic {
        let key = &entry.key.value;
        let message = format!("unknown key {} in {}", quoted(key), self.what);
        Diagnostic::error("unknown-key", message)
            .at(&entry.key.span)
            .did_you_mean(nearest(key, self.allowed.iter().copied()))
            .help(format!("allowed: {}", self.allowed.join(", ")))
    }
}

/// A map that is an item of a list has no key to be named by.
fn named(what: &'static str, wrong: &WrongType) -> Diagnostic {
    let message = format!("{what} must be a map, found {}", wrong.found);
    let diagnostic = Diagnostic::error("wrong-type", message).at(&wrong.span);
    wrong.hint().into_iter().fold(diagnostic, Diagnostic::help)
}
