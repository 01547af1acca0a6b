//! The ChatGPT login of the host: `~/.codex/auth.json`, as `codex login` writes it.

use std::path::Path;

use bottle_provider::ContributionError;
use bottle_util::{Secret, files};
use serde::Deserialize;

/// What is read of the host's login; everything else in the file is left there.
#[derive(Debug)]
pub(crate) struct HostLogin {
    /// The token, for the egress process alone.
    pub(crate) access_token: Secret,
    /// The account that it belongs to.
    pub(crate) account: String,
    /// The account's plan; `plus` when the token does not say.
    pub(crate) plan: String,
    /// When the token ends, in seconds since 1970; none when it does not say.
    pub(crate) ends: Option<u64>,
}

/// The most bytes that the file may have; it has about five thousand.
const MAX_BYTES: u64 = 256 * 1024;
/// Codex itself renews a token that ends within this time.
const LEAST_SECONDS_LEFT: u64 = 300;

/// Reads the login.
///
/// # Errors
///
/// When the file is missing, malformed, of another kind of login, or its token has ended.
pub(crate) fn read(home: &Path, now: u64) -> Result<HostLogin, ContributionError> {
    let path = home.join(".codex/auth.json");
    let unreadable =
        |error: std::io::Error| refused(format!("cannot read {}: {error}", path.display()), LOGIN);
    let bytes = files::read_bounded(&path, MAX_BYTES).map_err(unreadable)?;
    let malformed = || {
        refused(
            format!("{} is not what `codex login` writes", path.display()),
            LOGIN,
        )
    };
    let text = Secret::from(String::from_utf8(bytes).map_err(|_| malformed())?);
    let file: AuthFile = serde_json::from_str(text.expose()).map_err(|_| malformed())?;
    let api_key = || refused(format!("{} holds no ChatGPT login", path.display()), API_KEY);
    let tokens = file.tokens.ok_or_else(api_key)?;
    let access_token = Secret::from(tokens.access_token.ok_or_else(malformed)?);
    let account = tokens.account_id.filter(|id| is_word(id)).ok_or_else(malformed)?;
    let claims = claims(access_token.expose()).ok_or_else(malformed)?;
    if claims
        .exp
        .is_some_and(|ends| ends < now.saturating_add(LEAST_SECONDS_LEFT))
    {
        return Err(refused(
            format!("the token in {} has ended", path.display()),
            RENEW,
        ));
    }
    let plan = claims
        .auth
        .and_then(|auth| auth.chatgpt_plan_type)
        .filter(|plan| is_word(plan));
    Ok(HostLogin {
        access_token,
        account,
        plan: plan.unwrap_or_else(|| "plus".to_owned()),
        ends: claims.exp,
    })
}

const LOGIN: &str = "run `codex login` on the host";
const RENEW: &str = "run `codex` once on the host, which renews it, or `codex login`";
const API_KEY: &str = "run `codex login` on the host and choose ChatGPT, or put the API key into a variable and name it in \
                       `agent_provider.auth_token`";

fn refused(reason: String, hint: &str) -> ContributionError {
    ContributionError::HostLogin {
        reason,
        hint: hint.to_owned(),
    }
}

#[derive(Deserialize)]
struct AuthFile {
    tokens: Option<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: Option<String>,
    account_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Claims {
    exp: Option<u64>,
    /// An attribute takes no constant, so `AUTH_CLAIM` is spelled out.
    #[serde(rename = "https://api.openai.com/auth")]
    auth: Option<AuthClaim>,
}

#[derive(Deserialize)]
struct AuthClaim {
    chatgpt_plan_type: Option<String>,
}

/// What a token says about itself (RFC 7519). Its signature is the service's to check. A token of another form says
/// nothing; one that no header field could carry is none.
fn claims(token: &str) -> Option<Claims> {
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [_, payload, _] = parts.as_slice() else {
        return Some(Claims::default());
    };
    let payload = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn is_word(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=128).contains(&text.len()) && text.bytes().all(inside)
}

#[cfg(test)]
mod tests;
