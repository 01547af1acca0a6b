//! The program's own files, written so that no dialog appears and nothing beyond the model service is asked for.

use bottle_plan::paths::GuestPath;
use bottle_plan::provider::GuestFile;
use bottle_provider::{ContributionError, toml_string};
use serde_json::json;

use crate::credential::Credential;
use crate::placeholder;

/// What the bottle's settings choose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choices<'a> {
    /// The model.
    pub(crate) model: Option<&'a str>,
    /// How much it thinks.
    pub(crate) effort: Option<&'a str>,
}

/// The efforts that the program knows.
pub(crate) const EFFORTS: [&str; 5] = ["minimal", "low", "medium", "high", "xhigh"];

const HOME: &str = "/home/node";

/// Returns `config.toml`, and `auth.json` when there is a credential. The program writes to both.
pub(crate) fn files(
    credential: &Credential,
    choices: &Choices<'_>,
) -> Result<Vec<GuestFile>, ContributionError> {
    let home = GuestPath::from_static(HOME);
    let file = |path, content| GuestFile {
        path,
        mode: 0o600,
        content,
    };
    let mut files = vec![file(home.join(".codex/config.toml")?, config(&home, choices)?)];
    let auth = match credential {
        Credential::None => return Ok(files),
        Credential::ApiKey(_) => json!({ "auth_mode": "apikey", "OPENAI_API_KEY": placeholder::API_KEY }),
        Credential::HostLogin { account, plan, .. } => placeholder::login(account, plan),
    };
    files.push(file(home.join(".codex/auth.json")?, format!("{auth:#}\n")));
    Ok(files)
}

/// What each switch keeps away: update checks, telemetry, downloads of plugins, connectors, the API key on a second
/// host, a background copy of the program that outlives it, and waiting for a network that will not come.
const SWITCHES: &str = "check_for_update_on_startup = false

[analytics]
enabled = false

[features]
plugins = false
apps = false
api_key_model_discovery = false
daemon_auto_start = false
unbounded_connection_retries = false
";

fn config(home: &GuestPath, choices: &Choices<'_>) -> Result<String, ContributionError> {
    let mut config = String::new();
    for (key, value) in [
        ("model", choices.model),
        ("model_reasoning_effort", choices.effort),
    ] {
        if let Some(value) = value {
            config.push_str(&format!("{key} = {}\n", toml_string(value)));
        }
    }
    config.push_str(SWITCHES);
    for folder in [home.join("workspace")?, home.clone()] {
        let folder = toml_string(folder.as_str());
        config.push_str(&format!("\n[projects.{folder}]\ntrust_level = \"trusted\"\n"));
    }
    Ok(config)
}

/// Names of models, with the suffixes that gateways add.
pub(crate) fn is_model(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    text.len() <= 128 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inside)
}
