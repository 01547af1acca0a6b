//! Toolchains of a guest, and whether they trust the bottle's authority.
//!
//! Each is asked to fetch something from a host that no bottle allows. Egress refuses that inside TLS, with an answer
//! that only a program gets to see which trusts the authority; nothing is dialled for it.

use std::time::Duration;

use bottle_backend::{Bottle, ExecCommand};

/// A name that never exists (RFC 2606).
const HOST: &str = "doctor.bottle.invalid";
/// The most time that one may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Statuses of the scripts: there is no such program, or it cannot be tried.
const ABSENT: i32 = 77;
const UNTRIED: i32 = 78;
/// The most characters of what a program complained that are passed on, from its end.
const MOST_SAID: usize = 400;

/// One toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toolchain {
    name: &'static str,
    /// Ends with 0 when the program saw the refusal. `$1` is the host.
    script: &'static str,
}

/// What a toolchain makes of the bottle's authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The guest has no such program.
    Absent,
    /// It is there and cannot be tried.
    Untried(String),
    /// It trusts it.
    Trusts,
    /// It does not, or does not get that far; with what it said.
    Distrusts(String),
}

impl Toolchain {
    /// All that can be tried.
    pub const ALL: [Self; 9] = [
        Self {
            name: "curl",
            script: "test \"$(curl -sS -o /dev/null -w '%{http_code}' \"https://$1/\")\" = 403",
        },
        Self {
            name: "wget",
            script: "wget --tries=1 -O /dev/null \"https://$1/\" 2>&1 | tee /dev/stderr | grep -q ' 403'",
        },
        Self {
            name: "git",
            script: "GIT_TERMINAL_PROMPT=0 git ls-remote \"https://$1/x.git\" 2>&1 | tee /dev/stderr | grep -q 403",
        },
        Self {
            name: "python3",
            script: include_str!("toolchains/python3.sh"),
        },
        Self {
            name: "node",
            script: include_str!("toolchains/node.sh"),
        },
        Self {
            name: "java",
            script: include_str!("toolchains/java.sh"),
        },
        Self {
            name: "cargo",
            script: include_str!("toolchains/cargo.sh"),
        },
        Self {
            name: "go",
            script: "cd /tmp && GOTOOLCHAIN=local GOFLAGS=-mod=mod GONOSUMDB='*' GOPROXY=\"https://$1\" \
                     go list -m example.com/x@latest 2>&1 | tee /dev/stderr | grep -q 403",
        },
        Self {
            name: "ruby",
            script: "ruby -ropen-uri -e 'begin; URI.open(\"https://#{ARGV[0]}/\"); rescue OpenURI::HTTPError => e; \
                     exit e.message.start_with?(\"403\"); end; exit false' \"$1\"",
        },
    ];

    /// Returns what its program is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Tries it in a guest, as the agent.
    pub async fn try_in(self, bottle: &dyn Bottle) -> Trust {
        let script = format!(
            "command -v {} > /dev/null || exit {ABSENT}\n{}",
            self.name, self.script
        );
        let command = ExecCommand {
            limit: LIMIT,
            ..ExecCommand::agent(["/bin/sh", "-c", &script, "doctor", HOST])
        };
        match bottle.exec(&command).await {
            Ok(done) => judge(done.status, &String::from_utf8_lossy(&done.stderr)),
            Err(error) => Trust::Distrusts(error.to_string()),
        }
    }
}

fn judge(status: i32, said: &str) -> Trust {
    let said = said.trim();
    let skipped = said.chars().count().saturating_sub(MOST_SAID);
    let said: String = said.chars().skip(skipped).collect();
    match status {
        0 => Trust::Trusts,
        ABSENT => Trust::Absent,
        UNTRIED => Trust::Untried(said),
        _ => Trust::Distrusts(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_that_saw_the_refusal_trusts() {
        assert_eq!(judge(0, "noise"), Trust::Trusts);
        assert_eq!(judge(77, ""), Trust::Absent);
        assert_eq!(
            judge(78, " no compiler\n"),
            Trust::Untried("no compiler".to_owned())
        );
        assert_eq!(
            judge(1, "bad certificate\n"),
            Trust::Distrusts("bad certificate".to_owned())
        );
        assert_eq!(judge(137, ""), Trust::Distrusts(String::new()));
    }

    #[test]
    fn a_long_complaint_is_cut_at_its_beginning() {
        let said = format!("{}end", "x".repeat(10_000));
        let Trust::Distrusts(shown) = judge(1, &said) else {
            panic!("it did not trust");
        };
        assert!(shown.len() == MOST_SAID && shown.ends_with("end"));
    }
}
