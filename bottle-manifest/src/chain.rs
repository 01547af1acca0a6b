//! A bottle and its parents, resolved to one.

use std::collections::BTreeMap;
use std::io;

use bottle_document::{Diagnostic, Diagnostics, ReadError, Source, Span, nearest, quoted};
use bottle_plan::names::Name;

use crate::catalog::names_in;
use crate::draft::BottleDraft;
use crate::folders::Folders;
use crate::read::{BottleFile, read_bottle};

/// The most bottles in one line of parents.
const MAX_LINE: usize = 32;

/// The most names that a message lists.
const MAX_LISTED: usize = 20;

/// Reads bottles as they are asked for, each file once.
pub(crate) struct Bottles<'f> {
    folders: &'f Folders,
    resolved: BTreeMap<Name, BottleDraft>,
    /// The line from the bottle asked for to the one being read.
    line: Vec<Step>,
    /// Every bottle that was read, in the order of reading.
    pub(crate) lineage: Vec<Name>,
    pub(crate) diagnostics: Diagnostics,
}

struct Step {
    name: Name,
    asked: Option<Span>,
}

impl<'f> Bottles<'f> {
    pub(crate) fn new(folders: &'f Folders) -> Self {
        let (resolved, line, lineage) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self {
            folders,
            resolved,
            line,
            lineage,
            diagnostics: Diagnostics::default(),
        }
    }

    /// Merges the bottles that were chosen, in their order, and checks what only shows then.
    pub(crate) fn resolve_all(&mut self, chosen: &[(Name, Option<Span>)]) -> BottleDraft {
        let merged = chosen
            .iter()
            .map(|(name, asked)| self.resolve(name, asked.as_ref()))
            .reduce(BottleDraft::then)
            .unwrap_or_default();
        merged.provider.check(&mut self.diagnostics);
        if let Some(egress) = &merged.egress {
            egress.check_merged(&mut self.diagnostics);
        }
        merged
    }

    /// One bottle over all its parents; what cannot be had is reported and counts as empty.
    fn resolve(&mut self, name: &Name, asked: Option<&Span>) -> BottleDraft {
        if let Some(known) = self.resolved.get(name) {
            return known.clone();
        }
        if let Some(refusal) = self.refuse_line(name, asked) {
            self.diagnostics.report(refusal);
            return BottleDraft::default();
        }
        let file = self.read(name, asked);
        self.line.push(Step {
            name: name.clone(),
            asked: asked.cloned(),
        });
        let parents: Vec<BottleDraft> = file
            .extends
            .iter()
            .map(|parent| self.resolve(&parent.value, Some(&parent.span)))
            .collect();
        self.line.pop();
        let parents = parents.into_iter().reduce(BottleDraft::then).unwrap_or_default();
        let resolved = file.draft.over(parents);
        self.resolved.insert(name.clone(), resolved.clone());
        resolved
    }

    fn read(&mut self, name: &Name, asked: Option<&Span>) -> BottleFile {
        self.lineage.push(name.clone());
        let file = match Source::read(&self.folders.bottle_file(name)) {
            Ok(source) => read_bottle(&source, &self.folders.paths_of_bottles(), &mut self.diagnostics),
            Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let missing = self.missing(name, asked);
                self.diagnostics.report(missing);
                None
            }
            Err(error) => {
                self.diagnostics.report(error);
                None
            }
        };
        file.unwrap_or_default()
    }

    fn missing(&self, name: &Name, asked: Option<&Span>) -> Diagnostic {
        let known = names_in(&self.folders.bottles(), &mut Diagnostics::default());
        let known: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("there is no bottle {}", quoted(name.as_str()));
        let missing = Diagnostic::error("missing-bottle", message);
        let missing = asked.map_or(missing.clone(), |span| missing.at(span));
        let nearest = nearest(name.as_str(), known.iter().copied());
        missing.did_you_mean(nearest).help(what_exists("bottles", &known))
    }

    /// A bottle that is its own ancestor, or a line that is too long.
    fn refuse_line(&self, name: &Name, asked: Option<&Span>) -> Option<Diagnostic> {
        let at = |diagnostic: Diagnostic| asked.map_or(diagnostic.clone(), |span| diagnostic.at(span));
        if self.line.len() >= MAX_LINE {
            let message = format!("more than {MAX_LINE} bottles extend one another");
            return Some(at(Diagnostic::error("too-many-parents", message)));
        }
        let start = self.line.iter().position(|step| step.name == *name)?;
        let cycle = self.line.get(start..).unwrap_or_default();
        if cycle.len() == 1 {
            let message = format!("the bottle {} extends itself", quoted(name.as_str()));
            return Some(at(Diagnostic::error("extends-itself", message)));
        }
        let names: Vec<&str> = cycle
            .iter()
            .map(|step| &step.name)
            .chain([name])
            .map(Name::as_str)
            .collect();
        let message = format!("bottles extend one another in a circle: {}", names.join(" -> "));
        let circle = at(Diagnostic::error("extends-circle", message));
        let links = cycle.iter().skip(1).filter_map(|step| step.asked.as_ref());
        Some(links.fold(circle, |circle, link| circle.label(link, "on the way")))
    }
}

/// "bottles: a, b, c", cut when long.
pub(crate) fn what_exists(kind: &str, names: &[&str]) -> String {
    let shown = names.get(..MAX_LISTED).unwrap_or(names).join(", ");
    match names.len() {
        0 => format!("there are no {kind} yet; `bottle init` writes a first one"),
        length if length > MAX_LISTED => format!("{kind}: {shown} and {} more", length - MAX_LISTED),
        _ => format!("{kind}: {shown}"),
    }
}
