//! How often something in what people really store and send is mistaken for a secret.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;

use bottle_scan::corpus::{self, Corpus, Document};
use bottle_scan::{Finding, Scanner};

/// The most findings: one in so many bytes.
const BYTES_PER_FINDING: usize = 10_000_000;
/// A corpus of less than this says little.
const LEAST: usize = 200_000_000;

#[test]
fn benign_files_give_less_than_one_finding_in_ten_megabytes() {
    let corpus = Corpus::gather(&corpus::folders());
    println!("{corpus}\ntoo little: {:?}", corpus.missing());
    let scanner = Scanner::new();
    let mut findings = Vec::new();
    for document in corpus.documents() {
        let outcome = scanner.scan(&document.bytes().expect("it was there a moment ago"));
        findings.extend(
            outcome
                .findings
                .iter()
                .map(|finding| (finding.rule, line(document, finding))),
        );
    }
    let mut summary = BTreeMap::<&str, usize>::new();
    findings
        .iter()
        .for_each(|(rule, _)| *summary.entry(rule).or_default() += 1);
    let lines: String = findings.iter().map(|(_, line)| line.as_str()).collect();
    println!("{} findings: {summary:?}\n{lines}", findings.len());
    assert!(
        findings.len() * BYTES_PER_FINDING < corpus.size(),
        "{summary:?} in {} bytes:\n{lines}",
        corpus.size()
    );
    if corpus.size() < LEAST {
        let what = format!(
            "{} bytes of files of packages ({})",
            LEAST - corpus.size(),
            corpus.missing()
        );
        skip(&what).expect("a log that can be written");
    }
}

/// What shows the finding to whoever has to decide whether it is a mistake.
fn line(document: &Document, finding: &Finding) -> String {
    let Finding {
        rule, line, chain, ..
    } = finding;
    let chain: String = chain.iter().map(|step| format!(" in {step}")).collect();
    format!("{rule}{chain}: {document}:{line}\n")
}

/// Says out loud that there was too little, and counts it for whoever runs all tests.
#[expect(
    clippy::disallowed_methods,
    reason = "the runner of the tests tells its file in no other way"
)]
fn skip(what: &str) -> std::io::Result<()> {
    let line = format!("missing: {what}: benign_files_give_less_than_one_finding_in_ten_megabytes\n");
    eprint!("SKIPPED {line}");
    let Some(log) = std::env::var_os("BOTTLE_SKIP_LOG") else {
        return Ok(());
    };
    let mut log = OpenOptions::new().append(true).create(true).open(log)?;
    log.write_all(line.as_bytes())
}
