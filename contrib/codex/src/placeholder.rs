//! What stands for the credentials in the guest.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// What stands for an API key.
pub(crate) const API_KEY: &str = "sk-bottle-placeholder";
/// The claim of a token in which the service keeps what it knows about the account.
pub(crate) const AUTH_CLAIM: &str = "https://api.openai.com/auth";
/// The first second of 2100: the program renews what ends soon, and the guest has nothing to renew it with.
const FAR: u64 = 4_102_444_800;

/// Returns an `auth.json` of the shape that a ChatGPT login has. Account and plan are real, tokens are not.
pub(crate) fn login(account: &str, plan: &str) -> Value {
    let token = token(account, plan);
    json!({
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": null,
        "tokens": {
            "id_token": token,
            "access_token": token,
            "refresh_token": "bottle-placeholder",
            "account_id": account,
        },
        "last_refresh": "2100-01-01T00:00:00Z",
    })
}

/// An unsigned token (RFC 7519, section 6). The program reads its claims; nobody else ever gets it.
fn token(account: &str, plan: &str) -> String {
    let claims = json!({
        "exp": FAR,
        "email": "agent@bottle.invalid",
        AUTH_CLAIM: {
            "chatgpt_account_id": account,
            "chatgpt_plan_type": plan,
            "chatgpt_user_id": "bottle-placeholder",
        },
    });
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let header = json!({ "alg": "none", "typ": "JWT" });
    format!(
        "{}.{}.{}",
        part(&header),
        part(&claims),
        BASE64URL_NOPAD.encode(b"placeholder")
    )
}
