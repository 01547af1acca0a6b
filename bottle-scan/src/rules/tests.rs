//! Every rule's samples, and what tables must look like.

use std::collections::HashSet;

use super::sample::{Draw, expand};
use super::{Rule, all};
use crate::Scanner;

/// The rules that find something in a text.
fn rules_in(text: &str) -> Vec<&'static str> {
    Scanner::new()
        .scan(text.as_bytes())
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

/// A rule that owns the same text may speak for it: some vendors share a prefix and a length.
fn is_spoken_for(rule: &Rule, found: &[&str], text: &str) -> bool {
    found.contains(&rule.id) || crate::ruleset::RuleSet::all().matches_of(rule.id, text.as_bytes())
}

#[test]
fn every_rule_finds_its_samples() {
    let mut missed = Vec::new();
    for rule in all() {
        assert!(
            !rule.finds.is_empty() && !rule.passes.is_empty(),
            "{} lacks samples",
            rule.id
        );
        for (sample, seed) in rule
            .finds
            .iter()
            .flat_map(|sample| (0..20).map(move |seed| (sample, seed)))
        {
            let text = expand(rule, sample, &mut Draw::new(seed));
            let found = rules_in(&format!("see {text}\n"));
            if found.is_empty() || !is_spoken_for(rule, &found, &text) {
                missed.push(format!("{}: {text:?}: {found:?}", rule.id));
            }
        }
    }
    assert!(
        missed.is_empty(),
        "{} missed, such as\n{}",
        missed.len(),
        missed
            .iter()
            .step_by(1 + missed.len() / 60)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn no_rule_finds_what_nearly_fits() {
    let mut wrong = Vec::new();
    for rule in all() {
        for (sample, seed) in rule
            .passes
            .iter()
            .flat_map(|sample| (0..20).map(move |seed| (sample, seed)))
        {
            let text = expand(rule, sample, &mut Draw::new(seed));
            if rules_in(&format!("see {text}\n")).contains(&rule.id) {
                wrong.push(format!("{}: {text:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_name_a_page_and_keywords_of_its_own() {
    let mut ids = HashSet::new();
    for rule in all() {
        assert!(ids.insert(rule.id), "{} twice", rule.id);
        assert!(rule.page.starts_with("https://"), "{}", rule.id);
        assert!(
            rule.keywords.iter().all(|keyword| keyword.len() >= 3),
            "{}",
            rule.id
        );
    }
    assert!(ids.len() >= 200, "{}", ids.len());
}

#[test]
fn every_expression_compiles() {
    let broken = crate::ruleset::RuleSet::all().broken();
    assert_eq!(broken, Vec::<&str>::new());
}
