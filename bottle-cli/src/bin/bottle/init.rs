//! `bottle init`: a bottle and an agent to begin with, for the credential that this host has.

use std::io;
use std::path::Path;

use bottle_cli::Host;
use bottle_util::files;

use crate::output::say;
use crate::report::Failure;

/// Who can run with what this host has.
enum Found {
    /// A credential in a variable, for a provider.
    Variable {
        provider: &'static str,
        name: &'static str,
    },
    /// A login of the codex program.
    CodexLogin,
    /// None: the scripted demo needs none.
    Nothing,
}

const VARIABLES: [(&str, &str); 4] = [
    ("claude", "CLAUDE_CODE_OAUTH_TOKEN"),
    ("claude", "ANTHROPIC_API_KEY"),
    ("codex", "OPENAI_API_KEY"),
    ("codex", "CODEX_API_KEY"),
];

pub(crate) fn run(host: &Host) -> Result<u8, Failure> {
    let found = look(host);
    let bottle = bottle_file(&found);
    let mut written = 0;
    for (folder, name, text) in [
        ("bottles", "default.md", bottle.as_str()),
        ("agents", "coder.md", AGENT),
    ] {
        let folder = host.bottle_home.join(folder);
        files::create_private_dir(&folder)?;
        written += usize::from(write_new(&folder.join(name), text)?);
    }
    let done = if written == 0 {
        "everything was there already"
    } else {
        "ready"
    };
    say!("bottle: {done}; next: bottle start coder");
    if written > 0 && matches!(found, Found::Nothing) {
        say!("  hint: no credential of a model was found, so the bottle runs the scripted demo");
        say!("  hint: set ANTHROPIC_API_KEY or OPENAI_API_KEY and edit agent_provider to run a real agent");
    }
    Ok(0)
}

fn look(host: &Host) -> Found {
    let set = |name: &str| host.variables.get(name).is_some_and(|value| !value.is_empty());
    if let Some((provider, name)) = VARIABLES.into_iter().find(|(_, name)| set(name)) {
        return Found::Variable { provider, name };
    }
    match host.home.join(".codex/auth.json").is_file() {
        true => Found::CodexLogin,
        false => Found::Nothing,
    }
}

fn bottle_file(found: &Found) -> String {
    let provider = match found {
        Found::Variable { provider, name } => format!("  template: {provider}\n  auth_token: {name}\n"),
        Found::CodexLogin => "  template: codex\n  forward_host_credentials: true\n".to_owned(),
        Found::Nothing => "  template: demo\n".to_owned(),
    };
    BOTTLE.replace("{provider}\n", &provider)
}

/// Writes a file unless there is one.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    if path.symlink_metadata().is_ok() {
        say!("bottle: {} is there already and was left alone", path.display());
        return Ok(false);
    }
    files::write_private(path, text.as_bytes())?;
    say!("bottle: wrote {}", path.display());
    Ok(true)
}

const BOTTLE: &str = "\
---
# Who runs in the bottle. The credential stays outside: the agent only ever sees a placeholder.
agent_provider:
{provider}
# What may leave, beside what the agent program itself needs. Everything else is refused.
egress:
  routes: []
  # - host: api.example.com
  #   matches:
  #     - paths: [{type: prefix, value: /v1/}]
  #       methods: [GET]
---
The default bottle. Text down here is for people.
";

const AGENT: &str = "\
---
bottle: default
---
You work unattended in a sandbox. Do what you are asked, check your work, and say at the end what you did.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottle_names_what_was_found() {
        let text = bottle_file(&Found::Variable {
            provider: "claude",
            name: "ANTHROPIC_API_KEY",
        });
        assert!(
            text.contains("  template: claude\n  auth_token: ANTHROPIC_API_KEY\n# What may leave"),
            "{text}"
        );
        assert!(bottle_file(&Found::Nothing).contains("  template: demo\n"));
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("default.md");
        assert!(write_new(&path, "mine").unwrap());
        assert!(!write_new(&path, "yours").unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
