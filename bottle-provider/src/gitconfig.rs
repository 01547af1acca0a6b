//! The agent user's git configuration, rendered from the plan alone.

use std::fmt::Write;

use bottle_plan::BottlePlan;
use bottle_plan::git::{GitGateInsteadOf, GitRepo, GitUser};
use bottle_plan::workspace::WorkspaceSource;

/// Renders `.gitconfig`; none when there is nothing to say, so that an image's own file stays.
///
/// Every spelling of a declared upstream leads to the git gate. Git compares prefixes, so a repository whose name
/// only begins like a declared one also gets there, where it is refused.
#[must_use]
pub fn gitconfig(plan: &BottlePlan) -> Option<String> {
    let mut text = user(&plan.git_user);
    if let WorkspaceSource::Mount { .. } = plan.workspace.source {
        // The host's user owns a mounted folder, and git works in no folder of somebody else's.
        let directory = value(plan.workspace.guest.as_str());
        let _ = writeln!(text, "[safe]\n\tdirectory = {directory}");
    }
    for repo in &plan.repos {
        text.push_str(&instead_of(repo, &plan.git_gate_insteadof));
    }
    (!text.is_empty()).then_some(text)
}

fn user(user: &GitUser) -> String {
    let line = |key: &str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        text.map_or_else(String::new, |text| format!("\t{key} = {}\n", value(text)))
    };
    let lines = line("name", &user.name) + &line("email", &user.email);
    match lines.is_empty() {
        true => lines,
        false => format!("[user]\n{lines}"),
    }
}

fn instead_of(repo: &GitRepo, gate: &GitGateInsteadOf) -> String {
    let base = format!("{}://{}/{}.git", gate.scheme, gate.host, repo.name);
    let mut text = format!("[url {}]\n", subsection(&base));
    for spelling in spellings(&repo.url) {
        let _ = writeln!(text, "\tinsteadOf = {}", value(&spelling));
    }
    text
}

/// The ways in which people write the address of one repository.
fn spellings(url: &str) -> Vec<String> {
    let Some(upstream) = Upstream::parse(url) else {
        return vec![url.to_owned()];
    };
    let Upstream { user, host, path, .. } = upstream;
    let mut bases = vec![
        format!("ssh://{user}@{}/", upstream.ssh_authority()),
        format!("ssh://{}/", upstream.ssh_authority()),
        format!("https://{}/", upstream.https_authority()),
    ];
    if upstream.ssh_port == 22 {
        bases.extend([
            format!("{user}@{host}:"),
            format!("{host}:"),
            format!("ssh://{user}@{host}:22/"),
        ]);
    }
    if upstream.https_port == 443 {
        bases.push(format!("https://{host}:443/"));
    }
    let both = |base: &String| [format!("{base}{path}.git"), format!("{base}{path}")];
    let mut all: Vec<String> = bases.iter().flat_map(both).collect();
    all.push(url.to_owned());
    all.sort();
    all.dedup();
    all
}

/// The parts of an upstream's address.
struct Upstream<'a> {
    user: &'a str,
    host: &'a str,
    ssh_port: u16,
    https_port: u16,
    path: &'a str,
}

impl<'a> Upstream<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_once('/')?;
        let (user, host) = authority.rsplit_once('@').unwrap_or(("git", authority));
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (host, None),
        };
        let path = path.trim_end_matches('/');
        let (ssh_port, https_port) = match scheme {
            "ssh" => (port.unwrap_or(22), 443),
            _ => (22, port.unwrap_or(443)),
        };
        Some(Self {
            user: if scheme == "ssh" { user } else { "git" },
            host,
            ssh_port,
            https_port,
            path: path.strip_suffix(".git").unwrap_or(path),
        })
    }

    fn ssh_authority(&self) -> String {
        authority(self.host, self.ssh_port, 22)
    }

    fn https_authority(&self) -> String {
        authority(self.host, self.https_port, 443)
    }
}

fn authority(host: &str, port: u16, default: u16) -> String {
    match port == default {
        true => host.to_owned(),
        false => format!("{host}:{port}"),
    }
}

/// A value in quotes, which nothing in it can end (`git-config`, "Values").
fn value(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            // The file ends at a NUL for git, and a carriage return can end its line.
            '\0' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A subsection's name in quotes: only quotes and backslashes are special, and a line break is impossible.
fn subsection(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    let plain: String = escaped.chars().filter(|c| !c.is_control()).collect();
    format!("\"{plain}\"")
}

#[cfg(test)]
mod tests;
