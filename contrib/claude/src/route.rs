//! What of the model service the real credential may be sent to.

use bottle_plan::egress::{
    AuthScheme, Dlp, OnMatch, PathMatch, Route, RouteAuth, RouteMatch, RouteOwner, WebSocketRule,
};
use bottle_plan::names::TokenSlot;
use bottle_provider::ContributionError;

/// Every request of an unattended and of an interactive run, as measured. The rest of the host is refused: with the
/// same credential it makes keys, reads chats and shares them.
const REQUESTS: [(&str, &str); 3] = [
    // Each model call.
    ("POST", "/v1/messages"),
    // What the account's organisation lets the program do; a bottle is no way round that.
    ("GET", "/api/claude_code/settings"),
    ("GET", "/api/claude_code/policy_limits"),
];

/// Returns the slot of the one credential.
pub(crate) fn slot() -> TokenSlot {
    TokenSlot::numbered(RouteOwner::Provider, 1)
}

/// Returns the route to the model service.
pub(crate) fn api(scheme: AuthScheme) -> Result<Route, ContributionError> {
    let request = |(method, path): (&str, &str)| {
        Ok(RouteMatch {
            paths: vec![PathMatch::Exact(path.to_owned())],
            methods: vec![method.parse()?],
            headers: Vec::new(),
        })
    };
    let matches: Result<Vec<RouteMatch>, ContributionError> = REQUESTS.into_iter().map(request).collect();
    Ok(Route {
        auth: Some(RouteAuth { scheme, slot: slot() }),
        matches: matches?,
        dlp: Dlp {
            on_match: OnMatch::Redact,
            ..Dlp::default()
        },
        // The program never tries one; a refusal at once is the safe answer if it ever does.
        websocket: WebSocketRule::Deny,
        ..Route::to("api.anthropic.com".parse()?, RouteOwner::Provider)
    })
}
