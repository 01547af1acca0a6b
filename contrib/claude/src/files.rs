//! The program's own files, written so that no dialog appears.

use bottle_plan::paths::GuestPath;
use bottle_plan::provider::GuestFile;
use bottle_provider::ContributionError;
use serde_json::{Value, json};

use crate::credential::Credential;

const HOME: &str = "/home/node";

/// Returns `~/.claude.json` and `~/.claude/settings.json`. The program rewrites the first all the time.
pub(crate) fn files(
    credential: Option<&Credential>,
    model: Option<&str>,
) -> Result<Vec<GuestFile>, ContributionError> {
    let home = GuestPath::from_static(HOME);
    let file = |path, content: &Value| GuestFile {
        path,
        mode: 0o600,
        content: format!("{content:#}\n"),
    };
    let state = state(credential, &home)?;
    Ok(vec![
        file(home.join(".claude.json")?, &state),
        file(home.join(".claude/settings.json")?, &settings(model)),
    ])
}

/// Onboarding done, folders trusted, placeholder key approved: one key for each dialog of a first start.
fn state(credential: Option<&Credential>, home: &GuestPath) -> Result<Value, ContributionError> {
    let workspace = home.join("workspace")?;
    let trusted = json!({ "hasTrustDialogAccepted": true });
    let mut state = json!({
        "hasCompletedOnboarding": true,
        "projects": { workspace.as_str(): trusted, home.as_str(): trusted },
    });
    if let (Some(key), Some(map)) = (credential.and_then(Credential::approved), state.as_object_mut()) {
        let responses = json!({ "approved": [key], "rejected": [] });
        map.insert("customApiKeyResponses".to_owned(), responses);
    }
    Ok(state)
}

fn settings(model: Option<&str>) -> Value {
    let mut settings = json!({ "skipDangerousModePermissionPrompt": true });
    if let (Some(model), Some(map)) = (model, settings.as_object_mut()) {
        map.insert("model".to_owned(), model.into());
    }
    settings
}

/// Names of models, with the suffixes that gateways and long contexts add.
pub(crate) fn is_model(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.:/[]@".contains(c);
    text.len() <= 128 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(inside)
}
