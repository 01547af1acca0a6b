//! What a guest's look at itself says.

use bottle_backend::{ExecOutput, LaunchError};
use bottle_util::untrusted;
use bottle_wire::check::SelfCheck;

/// Reads the report of a relay's self-check, run in the guest.
///
/// # Errors
///
/// With all that was found when the guest is not shut in as it must be: anything but a whole report that says yes.
pub fn self_checked(done: &ExecOutput) -> Result<(), LaunchError> {
    let findings = match serde_json::from_slice::<SelfCheck>(&done.stdout) {
        Ok(report) => findings(&report, done.status),
        Err(_) => {
            let said = String::from_utf8_lossy(&done.stderr);
            let said = untrusted::line(said.trim());
            vec![format!(
                "the guest gave no report (status {}): {said}",
                done.status
            )]
        }
    };
    match findings.is_empty() {
        true => Ok(()),
        false => Err(LaunchError::SelfCheck { findings }),
    }
}

fn findings(report: &SelfCheck, status: i32) -> Vec<String> {
    let failures = report.failures();
    let mut findings: Vec<String> = failures
        .map(|failure| format!("{:?}: {}", failure.check, untrusted::line(&failure.found)))
        .collect();
    if findings.is_empty() && (!report.ok || status != 0) {
        findings.push(format!("the guest's report is not ok (status {status})"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stdout: &str, status: i32) -> Result<(), LaunchError> {
        self_checked(&ExecOutput {
            status,
            stdout: stdout.as_bytes().to_vec(),
            stderr: b"no such program\x1b[2J".to_vec(),
        })
    }

    #[test]
    fn only_a_whole_report_that_says_yes_is_believed() {
        let yes = r#"{"ok":true,"findings":[{"check":"doors","ok":true,"found":"all"}]}"#;
        let no = r#"{"ok":true,"findings":[{"check":"doors","ok":false,"found":"none"}]}"#;
        assert!(check(yes, 0).is_ok());
        assert!(check(yes, 1).is_err() && check(no, 0).is_err());
        let silent = check("", 255).unwrap_err().to_string();
        assert!(
            silent.contains("status 255") && silent.contains("no such program") && !silent.contains('\x1b'),
            "{silent}"
        );
    }
}
