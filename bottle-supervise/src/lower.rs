//! An agent's words, lowered to a typed proposal; or what is wrong with them, all at once.

use bottle_document::{Diagnostic, Diagnostics, Entry, MapReader, RenderStyle, Source, parse};
use bottle_plan::egress::{HostName, HostPattern, Route, RouteOwner};
use bottle_routes::{RouteDraft, read_routes};
use bottle_wire::supervise::{ProposedRoute, RouteChange};
use serde::Serialize;

use crate::check::route;
use crate::limits::{MINUTES, PROPOSAL_BYTES};

/// What the agent says when it asks for one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressRequest {
    /// The host.
    pub host: String,
    /// Path prefixes; none means all paths.
    pub paths: Vec<String>,
    /// Methods; none means all.
    pub methods: Vec<String>,
    /// How long it is wanted: `30m`, `2h`, or a number of minutes.
    pub duration: Option<String>,
}

/// Says why words are no proposal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// They are not understood. The text shows where, and every mistake.
    #[error("{0}")]
    Mistakes(String),
    /// They are too long.
    #[error("a proposal has at most {PROPOSAL_BYTES} bytes")]
    TooLong,
    /// The time is not understood.
    #[error("the duration must be minutes or hours, like 30m or 2h, and at most {MINUTES}m")]
    Duration,
    /// A route says more than a proposal may.
    #[error(
        "the route for {0} may name an exact host and `matches`, and nothing else: everything else is the default"
    )]
    MoreThanAHost(HostPattern),
}

#[derive(Serialize)]
struct OneHost<'a> {
    routes: [RouteText<'a>; 1],
}

#[derive(Serialize)]
struct RouteText<'a> {
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<[MatchText<'a>; 1]>,
}

#[derive(Serialize)]
struct MatchText<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathText<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    methods: &'a [String],
}

#[derive(Serialize)]
struct PathText<'a> {
    r#type: &'static str,
    value: &'a str,
}

/// Lowers a request for one host.
///
/// # Errors
///
/// When anything of it is not what a route may say.
pub fn egress(request: &EgressRequest) -> Result<RouteChange, LowerError> {
    let prefix = |value| PathText {
        r#type: "prefix",
        value,
    };
    let some = !request.paths.is_empty() || !request.methods.is_empty();
    let matches = some.then(|| {
        [MatchText {
            paths: request.paths.iter().map(String::as_str).map(prefix).collect(),
            methods: &request.methods,
        }]
    });
    let route = RouteText {
        host: &request.host,
        matches,
    };
    // JSON is YAML: what is asked by words goes the same way as what is asked by a document.
    let text = serde_json::to_string(&OneHost { routes: [route] });
    let mut change = routes(&text.map_err(|error| LowerError::Mistakes(error.to_string()))?)?;
    change.minutes = request.duration.as_deref().map(minutes).transpose()?;
    Ok(change)
}

/// Lowers a document with `routes` to add, as a bottle's file writes them, and hosts to `remove`.
///
/// # Errors
///
/// When anything of it is not what a proposal may say.
pub fn routes(yaml: &str) -> Result<RouteChange, LowerError> {
    if yaml.len() > PROPOSAL_BYTES {
        return Err(LowerError::TooLong);
    }
    let mut diagnostics = Diagnostics::default();
    let source = Source::new("proposal", yaml);
    let read = parse(&source.whole(), &mut diagnostics).and_then(|node| {
        let mut keys = MapReader::new("a proposal", &node, &mut diagnostics)?;
        let routes = keys.optional("routes");
        let remove = keys.optional("remove");
        keys.finish(&mut diagnostics);
        let add = routes.map(|entry| read_routes(entry, RouteOwner::Manifest, &mut diagnostics));
        let remove = remove.map(|entry| read_hosts(entry, &mut diagnostics));
        Some((add.unwrap_or_default(), remove.unwrap_or_default()))
    });
    match read {
        Some((add, remove)) if !diagnostics.has_errors() => Ok(RouteChange {
            add: add.into_iter().map(plain).collect::<Result<_, _>>()?,
            remove,
            minutes: None,
        }),
        _ => {
            let said = diagnostics.render(RenderStyle::plain());
            Err(LowerError::Mistakes(said))
        }
    }
}

/// Renders the changes of routes as the document that [`routes`] reads.
#[must_use]
pub fn render(change: &RouteChange) -> String {
    let mut text = String::new();
    if !change.add.is_empty() {
        text.push_str("routes:\n");
    }
    for added in &change.add {
        text.push_str(&format!("  - host: {}\n", scalar(&added.host)));
        if !added.matches.is_empty() {
            let matches = serde_json::to_string(&added.matches).unwrap_or_default();
            text.push_str(&format!("    matches: {matches}\n"));
        }
    }
    if !change.remove.is_empty() {
        text.push_str("remove:\n");
    }
    for host in &change.remove {
        text.push_str(&format!("  - {}\n", scalar(host)));
    }
    text
}

/// Writes a host so that YAML takes it for text: `null`, `no` and `1.e5` are hosts too.
fn scalar(host: &HostName) -> String {
    let text = host.as_str();
    let is_text = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains('.');
    match is_text {
        true => text.to_owned(),
        false => format!("{text:?}"),
    }
}

fn read_hosts(entry: &Entry, diagnostics: &mut Diagnostics) -> Vec<HostName> {
    let items = diagnostics.accept(entry.expect_list()).unwrap_or_default();
    let host = |item: &bottle_document::Node| {
        let text = diagnostics.accept(item.expect_string())?;
        let wrong = |_| Diagnostic::error("bad-host", "not a host name").at(&item.span);
        diagnostics.accept(text.parse::<HostName>().map_err(wrong))
    };
    items.iter().filter_map(host).collect()
}

/// Takes a route that says nothing but a host and what of it.
fn plain(draft: RouteDraft) -> Result<ProposedRoute, LowerError> {
    let RouteDraft {
        route: asked,
        credential,
        ..
    } = draft;
    let more = || LowerError::MoreThanAHost(asked.host.clone());
    let host = asked.host.exact().cloned().ok_or_else(more)?;
    let proposed = ProposedRoute {
        host,
        matches: asked.matches.clone(),
    };
    let expected: Route = route(&proposed);
    match credential.is_none() && asked == expected {
        true => Ok(proposed),
        false => Err(more()),
    }
}

fn minutes(text: &str) -> Result<u32, LowerError> {
    let (number, unit) = match text.strip_suffix('h') {
        Some(hours) => (hours, 60),
        None => (text.strip_suffix('m').unwrap_or(text), 1),
    };
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u32> = number.parse().ok().filter(|_| plain);
    let minutes = number.and_then(|number| number.checked_mul(unit));
    minutes
        .filter(|minutes| (1..=MINUTES).contains(minutes))
        .ok_or(LowerError::Duration)
}

#[cfg(test)]
mod tests;
