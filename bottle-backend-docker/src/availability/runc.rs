//! CVE-2024-21626: runc before 1.1.12 leaks a descriptor of the host's root to whoever chooses the working folder.
//!
//! The ways in that are known are closed here whatever runc it is: containers and execs start in `/`, and the program
//! that starts is never the image's. A runc that upstream knows as vulnerable is refused all the same. Distributions
//! mend old versions without a new number, so one of theirs is believed when its revision is known as mended, and
//! warned about otherwise.

use bollard::models::SystemVersion;

/// The first version that is not affected.
const FIXED: (u32, u32, u32) = (1, 1, 12);
/// Mended packages of older versions: version, and the least revision of that distribution's release.
const MENDED: [(&str, &str, u32); 2] = [("1.1.5", "+deb12u", 1), ("1.0.0", "+deb11u", 3)];

/// A runc, as an engine describes it.
#[derive(Debug)]
pub(super) struct Runc {
    version: String,
    /// The source's commit; the package's revision where a distribution built it.
    commit: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fixed,
    /// A distribution's own build, which may be mended.
    Unclear(String),
    Vulnerable(String),
}

impl Runc {
    /// Finds it among an engine's components; none where another runtime is used.
    pub(super) fn of(version: &SystemVersion) -> Option<Self> {
        let components = version.components.as_ref()?;
        let runc = components.iter().find(|component| component.name == "runc")?;
        let commit = runc.details.as_ref().and_then(|details| details.get("GitCommit"));
        Some(Self {
            version: runc.version.clone(),
            commit: commit.cloned().unwrap_or_default(),
        })
    }

    pub(super) fn judge(&self) -> Verdict {
        let text = &self.version;
        let Some(number) = number(text) else {
            return Verdict::Unclear(format!("the version of runc, {text}, cannot be read"));
        };
        if number >= FIXED && !(number == FIXED && text.contains("-rc")) {
            return Verdict::Fixed;
        }
        let build = format!("{text} {}", self.commit);
        if self.is_mended(&build) {
            return Verdict::Fixed;
        }
        let foreign = ["+", "~", "ubuntu", ".el", ".fc", ".amzn"];
        if foreign.iter().any(|mark| build.contains(mark)) {
            return Verdict::Unclear(format!(
                "runc {text} has CVE-2024-21626 unless your distribution has mended it; keep it updated"
            ));
        }
        Verdict::Vulnerable(format!("runc {text} has CVE-2024-21626"))
    }

    fn is_mended(&self, build: &str) -> bool {
        MENDED.iter().any(|(version, mark, least)| {
            let revision = build.split_once(mark).map(|(_, rest)| rest);
            let digits = revision.map(|rest| {
                rest.split(|c: char| !c.is_ascii_digit())
                    .next()
                    .unwrap_or_default()
            });
            let revision = digits.and_then(|digits| digits.parse::<u32>().ok());
            self.version.starts_with(version) && revision.is_some_and(|revision| revision >= *least)
        })
    }
}

fn number(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.trim_start_matches('v').splitn(3, '.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next()?.parse().ok()?;
    let patch = parts.next().unwrap_or("0");
    let digits = patch.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((major, minor, digits.parse().ok()?))
}
