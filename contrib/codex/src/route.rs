//! What of the model services the real credential may be sent to.

use bottle_plan::egress::{
    AuthScheme, Dlp, HeaderMatch, OnMatch, PathMatch, Route, RouteAuth, RouteMatch, RouteOwner, ValueMatch,
    WebSocketRule,
};
use bottle_plan::names::TokenSlot;
use bottle_provider::ContributionError;

use crate::credential::Credential;

/// With an API key, every request of an unattended and of an interactive run, as measured. The rest of the host is
/// refused: with the same key it reads files, makes keys and trains models.
const WITH_KEY: [(&str, &str); 1] = [
    // Each model call.
    ("POST", "/v1/responses"),
];

/// With a ChatGPT login, likewise. The rest of the host is refused: with the same token it reads chats, shares them
/// and changes the account.
const WITH_LOGIN: [(&str, &str); 3] = [
    // Which account is used; nothing starts without it.
    ("GET", "/backend-api/wham/accounts/check"),
    // Each model call.
    ("POST", "/backend-api/codex/responses"),
    // The models that the account may use; a list for reading.
    ("GET", "/backend-api/codex/models"),
];

/// The field by which the service is told the account.
const ACCOUNT_HEADER: &str = "chatgpt-account-id";

/// Returns the slot of the one credential.
pub(crate) fn slot() -> TokenSlot {
    TokenSlot::numbered(RouteOwner::Provider, 1)
}

/// Returns the route of a credential.
pub(crate) fn to(credential: &Credential) -> Result<Option<Route>, ContributionError> {
    match credential {
        Credential::None => Ok(None),
        Credential::ApiKey(_) => route("api.openai.com", &WITH_KEY, None).map(Some),
        Credential::HostLogin { account, .. } => route("chatgpt.com", &WITH_LOGIN, Some(account)).map(Some),
    }
}

fn route(host: &str, requests: &[(&str, &str)], account: Option<&str>) -> Result<Route, ContributionError> {
    // The login's own account and no other. A field that the route checks is one that the guest may send.
    let account = account.map(|account| HeaderMatch {
        name: ACCOUNT_HEADER.to_owned(),
        value: ValueMatch::Exact(account.to_owned()),
    });
    let request = |(method, path): &(&str, &str)| {
        Ok(RouteMatch {
            paths: vec![PathMatch::Exact((*path).to_owned())],
            methods: vec![method.parse()?],
            headers: account.iter().cloned().collect(),
        })
    };
    let matches: Result<Vec<RouteMatch>, ContributionError> = requests.iter().map(request).collect();
    Ok(Route {
        auth: Some(RouteAuth {
            scheme: AuthScheme::Bearer,
            slot: slot(),
        }),
        matches: matches?,
        dlp: Dlp {
            on_match: OnMatch::Redact,
            ..Dlp::default()
        },
        // The program tries one before each session. 426 makes it fall back at once; any other answer costs seven
        // attempts.
        websocket: WebSocketRule::Deny,
        ..Route::to(host.parse()?, RouteOwner::Provider)
    })
}
