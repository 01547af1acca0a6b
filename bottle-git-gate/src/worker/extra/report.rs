//! What scanners print.

use std::collections::BTreeSet;

/// Reads lines and rules out of a report, in the order of lines and each once.
pub(super) fn found(report: &[u8]) -> Result<BTreeSet<(u64, String)>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Report {
        Gitleaks(Vec<Leak>),
        Betterleaks { findings: Vec<Hit> },
    }
    #[derive(serde::Deserialize)]
    struct Leak {
        #[serde(rename = "RuleID")]
        rule: String,
        #[serde(rename = "StartLine")]
        line: u64,
    }
    #[derive(serde::Deserialize)]
    struct Hit {
        rule_id: String,
        location: Location,
    }
    #[derive(serde::Deserialize)]
    struct Location {
        start_line: u64,
    }
    Ok(match serde_json::from_slice(report)? {
        Report::Gitleaks(leaks) => leaks.into_iter().map(|leak| (leak.line, leak.rule)).collect(),
        Report::Betterleaks { findings } => findings
            .into_iter()
            .map(|hit| (hit.location.start_line, hit.rule_id))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_both_programs_are_read() {
        let gitleaks = br#"[{"RuleID": "a", "StartLine": 7, "Match": "x"}, {"RuleID": "a", "StartLine": 7}]"#;
        assert_eq!(found(gitleaks).unwrap(), [(7, "a".to_owned())].into());
        let betterleaks = br#"{"schema_version": "1", "findings": [{"rule_id": "b", "location": {"start_line": 3, "end_line": 4}}]}"#;
        assert_eq!(found(betterleaks).unwrap(), [(3, "b".to_owned())].into());
        assert_eq!(found(b"[]").unwrap().len(), 0);
        for bad in [&b""[..], b"{}", b"[{}]", b"not", br#"[{"RuleID": "a"}]"#] {
            assert!(found(bad).is_err(), "{bad:?}");
        }
    }
}
