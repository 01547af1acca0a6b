//! `bottle doctor`: each backend, usable or not, why, and what to do.

use std::fmt::Write;

use bottle_backend::{Availability, Bottle};
use bottle_cli::exit::Exit;
use bottle_cli::{Host, Toolchain, Trust, Wiring};
use bottle_util::untrusted;
use serde_json::json;

use crate::args::DoctorArgs;
use crate::output;
use crate::report::Failure;

pub(crate) async fn run(host: &Host, args: &DoctorArgs) -> Result<u8, Failure> {
    let wiring = Wiring::standard(host);
    if let Some(identity) = &args.guest {
        let bottle = wiring.open(identity).await?;
        let findings = toolchains(&*bottle).await;
        let fine = findings.iter().all(|finding| finding.ok);
        return print(&findings, fine, fine, args.json);
    }
    let mut findings = backends(&wiring).await;
    // One backend is enough; all else has to be there.
    let usable = findings.iter().any(|finding| finding.ok);
    let others = [programs(host), roots(host), files(host)];
    let fine = usable && others.iter().all(|finding| finding.ok);
    findings.extend(others);
    print(&findings, usable, fine, args.json)
}

fn print(findings: &[Finding], usable: bool, fine: bool, as_json: bool) -> Result<u8, Failure> {
    if as_json {
        let list: Vec<_> = findings.iter().map(Finding::json).collect();
        let version = env!("CARGO_PKG_VERSION");
        output::data(&format!(
            "{:#}\n",
            json!({ "version": version, "usable": usable, "findings": list })
        ))?;
    } else {
        output::line(&findings.iter().map(Finding::shown).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(if fine { 0 } else { Exit::Unavailable as u8 })
}

/// One thing that was looked at.
struct Finding {
    what: String,
    ok: bool,
    detail: String,
    warnings: Vec<String>,
    hint: Option<String>,
}

impl Finding {
    fn json(&self) -> serde_json::Value {
        let Self {
            what,
            ok,
            detail,
            warnings,
            hint,
        } = self;
        json!({ "what": what, "ok": ok, "detail": detail, "warnings": warnings, "hint": hint })
    }

    fn shown(&self) -> String {
        let mark = if self.ok { "ok  " } else { "FAIL" };
        let mut text = format!("{mark} {:<18} {}", self.what, self.detail);
        for warning in &self.warnings {
            let _ = write!(text, "\n     {:<18} note: {warning}", "");
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\n     {:<18} do: {hint}", "");
        }
        text
    }
}

async fn backends(wiring: &Wiring) -> Vec<Finding> {
    let mut findings = Vec::new();
    for backend in wiring.backends() {
        let what = format!("backend {}", backend.facts().name);
        findings.push(match backend.availability().await {
            Availability::Usable { detail, warnings } => Finding {
                what,
                ok: true,
                detail,
                warnings,
                hint: None,
            },
            Availability::Unusable { reason, hint } => Finding {
                what,
                ok: false,
                detail: reason,
                warnings: Vec::new(),
                hint: Some(hint),
            },
        });
    }
    findings
}

/// Those that the guest has, each with what it made of the bottle's authority.
async fn toolchains(bottle: &dyn Bottle) -> Vec<Finding> {
    let mut findings = Vec::new();
    for toolchain in Toolchain::ALL {
        let finding = |ok, detail: String, hint: Option<&str>| Finding {
            what: toolchain.name().to_owned(),
            ok,
            detail,
            warnings: Vec::new(),
            hint: hint.map(str::to_owned),
        };
        findings.extend(match toolchain.try_in(bottle).await {
            Trust::Absent => None,
            Trust::Untried(why) => Some(finding(true, format!("there, and not tried: {why}"), None)),
            Trust::Trusts => Some(finding(true, "trusts the bottle's authority".to_owned(), None)),
            Trust::Distrusts(said) => Some(finding(
                false,
                format!("cannot speak through the egress door: {}", untrusted::line(&said)),
                Some("look for settings of its own that name other authorities or no proxy"),
            )),
        });
    }
    findings
}

fn programs(host: &Host) -> Finding {
    let folder = host.sidecar_folder();
    Finding {
        what: "sidecar programs".to_owned(),
        ok: folder.is_some(),
        detail: folder.map_or_else(|| "not found".to_owned(), |folder| folder.display().to_string()),
        warnings: Vec::new(),
        hint: folder
            .is_none()
            .then(|| "build them with `cargo xtask dist`, or give --sidecar-dir".to_owned()),
    }
}

fn roots(host: &Host) -> Finding {
    let count = host.roots.len();
    Finding {
        what: "root certificates".to_owned(),
        ok: count > 0,
        detail: format!("{count} on this host"),
        warnings: Vec::new(),
        hint: (count == 0).then(|| "install ca-certificates: no upstream could be verified".to_owned()),
    }
}

fn files(host: &Host) -> Finding {
    let exists = host.bottle_home.is_dir();
    Finding {
        what: "bottles and agents".to_owned(),
        ok: exists,
        detail: host.bottle_home.display().to_string(),
        warnings: Vec::new(),
        hint: (!exists).then(|| "`bottle init` writes a bottle and an agent to begin with".to_owned()),
    }
}
