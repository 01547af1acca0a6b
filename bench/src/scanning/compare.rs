//! What two scanners found, in common and apart.

use std::collections::{BTreeMap, BTreeSet};

use super::Hit;

/// Places by who found something there.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) both: usize,
    /// Ours alone, by our rules.
    pub(super) ours: BTreeMap<String, usize>,
    /// Theirs alone, by their rules.
    pub(super) theirs: BTreeMap<String, usize>,
}

/// Compares by file and line: columns and rules are counted differently by everyone.
pub(super) fn compare(ours: &[Hit], theirs: &[Hit]) -> Comparison {
    let places = |hits: &[Hit]| {
        hits.iter()
            .map(|hit| (hit.file.clone(), hit.line))
            .collect::<BTreeSet<_>>()
    };
    let (own, others) = (places(ours), places(theirs));
    Comparison {
        both: own.intersection(&others).count(),
        ours: alone(ours, &others),
        theirs: alone(theirs, &own),
    }
}

fn alone(hits: &[Hit], others: &BTreeSet<(String, u64)>) -> BTreeMap<String, usize> {
    let mut rules = BTreeMap::new();
    for hit in hits
        .iter()
        .filter(|hit| !others.contains(&(hit.file.clone(), hit.line)))
    {
        *rules.entry(hit.rule.clone()).or_default() += 1;
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_and_not_rules() {
        let hit = |line, rule: &str| Hit {
            file: "a".to_owned(),
            line,
            rule: rule.to_owned(),
        };
        let found = compare(
            &[hit(1, "x"), hit(2, "y")],
            &[hit(1, "z"), hit(3, "w"), hit(4, "w")],
        );
        assert_eq!(found.both, 1);
        assert_eq!(found.ours, BTreeMap::from([("y".to_owned(), 1)]));
        assert_eq!(found.theirs, BTreeMap::from([("w".to_owned(), 2)]));
    }
}
