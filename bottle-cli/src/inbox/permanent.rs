//! What makes an approval permanent: the YAML that belongs into the bottle's own file.

use bottle_supervise::lower::render;
use bottle_wire::supervise::{Proposal, RouteChange};

/// Renders the routes that a proposal adds as they stand in a bottle's file; nothing when it adds none.
#[must_use]
pub fn permanent(proposal: &Proposal) -> Option<String> {
    match proposal {
        Proposal::Routes(change) => routes_yaml(change),
        // What was pushed is pushed.
        Proposal::Push(_) => None,
    }
}

fn routes_yaml(change: &RouteChange) -> Option<String> {
    let added = RouteChange {
        remove: Vec::new(),
        ..change.clone()
    };
    let routes = render(&added);
    let indented: Vec<String> = routes.lines().map(|line| format!("  {line}")).collect();
    (!change.add.is_empty()).then(|| format!("egress:\n{}\n", indented.join("\n")))
}

#[cfg(test)]
mod tests;
