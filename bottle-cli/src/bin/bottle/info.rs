//! `bottle info`: what an agent would run with, and which line of which file set it.

use std::fmt::Write;

use bottle_cli::Host;
use bottle_manifest::{Manifest, ManifestRequest};
use bottle_util::untrusted;

use crate::args::InfoArgs;
use crate::report::Failure;
use crate::{choose, output};

pub(crate) fn run(host: &Host, args: &InfoArgs) -> Result<u8, Failure> {
    let request = ManifestRequest {
        agent: args.agent.clone(),
        bottles: args.bottle.clone(),
    };
    let manifest = choose::load(&choose::folders(host), &request)?;
    let text = if args.origin {
        origins(&manifest)
    } else {
        summary(&manifest)
    };
    output::data(&text)?;
    Ok(0)
}

fn origins(manifest: &Manifest) -> String {
    manifest
        .origins
        .iter()
        .map(|origin| format!("{origin}\n"))
        .collect()
}

fn summary(manifest: &Manifest) -> String {
    let inputs = &manifest.inputs;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12} {}", untrusted::line(&value));
    };
    line(
        "agent",
        format!("{} ({})", manifest.agent, manifest.agent_path.display()),
    );
    line("bottles", join(manifest.bottles.iter()));
    line("provider", inputs.provider.template.to_string());
    line("env", join(inputs.env.keys()));
    line("skills", join(inputs.skills.iter().map(|skill| &skill.name)));
    line("prompt", first_line(&inputs.prompt));
    if let (Some(name), Some(by)) = (&inputs.git_user.name, manifest.git_user.name) {
        line("git name", format!("{name} {by}"));
    }
    if let (Some(email), Some(by)) = (&inputs.git_user.email, manifest.git_user.email) {
        line("git email", format!("{email} {by}"));
    }
    for repo in &inputs.repos {
        line("upstream", format!("{} = {}", repo.name, repo.url));
    }
    for route in &inputs.egress.routes {
        let source = route
            .auth
            .as_ref()
            .and_then(|auth| inputs.secrets.get(&auth.slot));
        let with = source.map_or_else(String::new, |source| format!(" with {source}"));
        line("egress", format!("{}{with}", route.host));
    }
    line("supervise", inputs.supervise.to_string());
    text
}

fn join<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    if items.is_empty() {
        "-".to_owned()
    } else {
        items.join(", ")
    }
}

fn first_line(prompt: &str) -> String {
    let line = prompt.lines().next().unwrap_or("-");
    let cut: String = line.chars().take(72).collect();
    if cut.len() < prompt.len() {
        format!("{cut} ...")
    } else {
        cut
    }
}
