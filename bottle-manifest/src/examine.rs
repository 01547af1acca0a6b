//! A look at one file and what it needs, for lists and pickers that mark what is broken.

use bottle_document::Diagnostics;
use bottle_plan::names::Name;

use crate::chain::Bottles;
use crate::folders::Folders;
use crate::trust::AgentOrigin;

/// A bottle with its parents.
#[derive(Debug, Clone)]
pub struct ExaminedBottle {
    /// The bottle and every ancestor, each once, nearest first along each line.
    pub lineage: Vec<Name>,
    /// Every mistake on the way.
    pub diagnostics: Diagnostics,
}

/// An agent with the bottle that it names.
#[derive(Debug, Clone)]
pub struct ExaminedAgent {
    /// Whose text it is; nothing if its file could not be read.
    pub origin: Option<AgentOrigin>,
    /// The bottle that it names.
    pub bottle: Option<Name>,
    /// Every mistake in its file, its bottle and the bottle's parents.
    pub diagnostics: Diagnostics,
}

impl Folders {
    /// Reads a bottle and its parents.
    pub fn examine_bottle(&self, name: &Name) -> ExaminedBottle {
        let mut bottles = Bottles::new(self);
        bottles.resolve_all(&[(name.clone(), None)]);
        ExaminedBottle {
            lineage: bottles.lineage,
            diagnostics: bottles.diagnostics,
        }
    }

    /// Reads an agent, and the bottle that it names with its parents.
    pub fn examine_agent(&self, name: &Name) -> ExaminedAgent {
        let mut diagnostics = Diagnostics::default();
        let found = self.find_agent(name, &mut diagnostics);
        let bottle = found.as_ref().and_then(|found| found.draft.bottle.clone());
        if let Some(bottle) = &bottle {
            let mut bottles = Bottles::new(self);
            bottles.resolve_all(&[(bottle.value.clone(), Some(bottle.span.clone()))]);
            diagnostics.append(bottles.diagnostics);
        }
        let origin = found.map(|found| found.origin);
        ExaminedAgent {
            origin,
            bottle: bottle.map(|bottle| bottle.value),
            diagnostics,
        }
    }
}
