//! What is about to run and what it may reach, for the user to see before the yes.

use std::fmt::Write;

use bottle_cli::Prepared;
use bottle_plan::BottlePlan;
use bottle_plan::egress::{GuestAuth, Route, RouteOwner};
use bottle_plan::env::EnvValue;
use bottle_plan::git::{CiFiles, GitKey, GitRepo};
use bottle_plan::workspace::WorkspaceSource;
use bottle_provider::SessionStart;
use bottle_util::untrusted;

/// What covers cannot do: a folder that holds one can be moved away by whoever may write in the folder above.
const BELOW: &str = "settings that programs act upon (.git, .vscode, .envrc ...) are out of its reach at the top only: \
in folders below, submodules too, the agent can write them, and git or an editor on this host may run what they name";

/// Renders the preflight; one fact a line.
pub(crate) fn render(prepared: &Prepared, backend_reason: &str) -> String {
    let plan = &prepared.plan;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10} {}", untrusted::line(value));
    };
    line(
        "bottle",
        &format!("{} ({} {})", plan.identity, plan.spec.agent, names(plan)),
    );
    line("backend", backend_reason);
    line(
        "agent",
        &format!(
            "{}, as {} in {}",
            plan.provider.template, plan.provider.user.name, plan.guest_home
        ),
    );
    match prepared.session {
        SessionStart::Fresh => {
            line("image", &plan.image.reason);
            line("workspace", &workspace(plan));
            if matches!(plan.workspace.source, WorkspaceSource::Mount { .. }) {
                line("beware", BELOW);
            }
        }
        SessionStart::Resume => line("files", "as its agent left them"),
    }
    for (name, value) in &plan.env {
        line("env", &env(name.as_str(), value));
    }
    for route in &plan.egress.routes {
        line("reaches", &reach(plan, route));
    }
    if plan.egress.routes.is_empty() {
        line("reaches", "nothing");
    }
    if !plan.egress.routes.is_empty() && !plan.egress.transparent.is_on() {
        line("names", "none resolve: only programs that use the proxy get out");
    }
    for repo in &plan.repos {
        line("pushes", &pushes(plan, repo));
    }
    for seam in &plan.egress.resolve {
        line(
            "resolves",
            &format!("{}:{} is {}, unchecked", seam.host, seam.port, seam.target),
        );
    }
    for ca in &plan.egress.upstream_ca {
        line("trusts", &format!("{} for {}", ca.file.display(), ca.host));
    }
    for note in &prepared.notes {
        line("note", note);
    }
    text
}

fn names(plan: &BottlePlan) -> String {
    let names: Vec<&str> = plan
        .spec
        .bottles
        .iter()
        .map(bottle_plan::names::Name::as_str)
        .collect();
    format!("in {}", names.join(" + "))
}

fn workspace(plan: &BottlePlan) -> String {
    match &plan.workspace.source {
        WorkspaceSource::None => "an empty folder".to_owned(),
        WorkspaceSource::Copy { host, .. } => format!("a copy of {}", host.display()),
        WorkspaceSource::Mount { host } => {
            format!(
                "{} ITSELF: what the agent writes there is written on this host",
                host.display()
            )
        }
    }
}

fn env(name: &str, value: &EnvValue) -> String {
    match value {
        EnvValue::Literal(_) => name.to_owned(),
        EnvValue::HostVariable(source) => format!("{name}, the value of your {source}, enters the guest"),
        EnvValue::Answer { .. } => format!("{name}, which you will be asked for, enters the guest"),
    }
}

fn pushes(plan: &BottlePlan, repo: &GitRepo) -> String {
    let own = || format!("bottle/{}/*", plan.identity);
    let branches = match repo.branches.is_empty() {
        true => own(),
        false => repo.branches.join(", "),
    };
    let mut text = format!("{} to {}, branches {branches}", repo.name, repo.url);
    let allow = repo.allow;
    for (is_allowed, what) in [
        (allow.tags, "tags"),
        (allow.force, "rewriting history"),
        (allow.delete, "deleting"),
    ] {
        if is_allowed {
            let _ = write!(text, ", {what}");
        }
    }
    match &repo.key {
        Some(GitKey::Static { path }) => drop(write!(text, ", with the key {}", path.display())),
        Some(GitKey::SshAgent) => text.push_str(", with your ssh agent"),
        Some(GitKey::Token { token_ref }) => drop(write!(text, ", with your {token_ref}")),
        Some(GitKey::Gitea { .. } | GitKey::Github { .. }) => text.push_str(", with a deploy key"),
        None => text.push_str(", without a credential"),
    }
    if repo.ci_files == CiFiles::Allow {
        text.push_str(" - files that its CI runs may change");
    }
    text
}

fn reach(plan: &BottlePlan, route: &Route) -> String {
    let ports: Vec<String> = route.ports.iter().map(u16::to_string).collect();
    let mut text = format!("{}:{}", route.host, ports.join(","));
    let what = if route.matches.is_empty() {
        ", all of it"
    } else {
        ", on listed paths"
    };
    text.push_str(what);
    if let Some(auth) = &route.auth {
        let source = plan
            .secrets
            .get(&auth.slot)
            .map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let _ = write!(text, ", with {source}");
        if route.matches.is_empty() {
            text.push_str(" - that credential reaches all of the host");
        }
    }
    if route.guest_auth == GuestAuth::Pass {
        text.push_str(", with whatever credential the agent brings");
    }
    if !route.addresses.is_empty() {
        let addresses: Vec<String> = route.addresses.iter().map(ToString::to_string).collect();
        let _ = write!(text, ", at {} too", addresses.join(", "));
    }
    if route.owner == RouteOwner::Provider {
        let _ = write!(text, " ({})", plan.provider.template);
    }
    text
}
