//! Decisions, one rule at a time, and the properties of the whole.

use std::collections::BTreeMap;

use bottle_plan::egress::{
    AuthScheme, EgressPlan, GitAccess, GuestAuth, HeaderMatch, HostName, PathMatch, Route, RouteAuth,
    RouteMatch, RouteOwner, ValueMatch,
};
use bottle_plan::size::ByteSize;
use bottle_util::Secret;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::*;
use crate::request::{CanonicalPath, Query};

/// A request for a decision, `GET https://<host>/` unless said otherwise.
#[derive(Debug)]
pub(crate) struct Asked {
    scheme: Scheme,
    authority: Authority,
    server_name: Option<HostName>,
    host: Authority,
    method: Method,
    path: CanonicalPath,
    query: Query,
    headers: HeaderMap,
    upgrade: Upgrade,
    body: Option<u64>,
    content: Option<&'static str>,
}

pub(crate) fn get(url: &str) -> Asked {
    let (scheme, rest) = url.split_once("://").unwrap();
    let scheme = if scheme == "https" {
        Scheme::Https
    } else {
        Scheme::Http
    };
    let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authority = Authority::parse(authority, Some(scheme.default_port())).unwrap();
    Asked {
        scheme,
        server_name: Some(authority.host().clone()).filter(|host| host.address().is_none()),
        host: authority.clone(),
        authority,
        method: Method::GET,
        path: CanonicalPath::parse(if path.is_empty() { "/" } else { path }).unwrap(),
        query: Query::parse(query).unwrap(),
        headers: HeaderMap::new(),
        upgrade: Upgrade::None,
        body: None,
        content: None,
    }
}

impl Asked {
    fn method(mut self, method: &str) -> Self {
        self.method = Method::from_bytes(method.as_bytes()).unwrap();
        self
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers
            .append(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    fn host(mut self, host: &str) -> Self {
        self.host = Authority::parse(host, Some(443)).unwrap();
        self
    }

    fn server_name(mut self, name: Option<&str>) -> Self {
        self.server_name = name.map(|name| name.parse().unwrap());
        self
    }

    fn upgrade(mut self, upgrade: Upgrade) -> Self {
        self.upgrade = upgrade;
        self
    }

    fn body(mut self, length: u64) -> Self {
        self.body = Some(length);
        self
    }

    fn json(self, content: &'static str) -> Self {
        let kind = HeaderValue::from_static("application/json; charset=utf-8");
        let mut asked = self.method("POST");
        asked.headers.insert(hyper::header::CONTENT_TYPE, kind);
        asked.content = Some(content);
        asked
    }

    fn facts(&self) -> RequestFacts<'_> {
        RequestFacts {
            scheme: self.scheme,
            authority: &self.authority,
            server_name: match (&self.server_name, self.scheme) {
                (_, Scheme::Http) => ServerName::Plain,
                (Some(name), _) => ServerName::Named(name),
                (None, _) => ServerName::Absent,
            },
            host: &self.host,
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            upgrade: self.upgrade,
            body: self.body,
            content: self.content.map(str::as_bytes),
        }
    }

    pub(crate) fn decide(&self, policy: &Policy) -> Result<Permit, Refusal> {
        decide(policy, &self.facts())
    }
}

pub(crate) fn route(host: &str) -> Route {
    Route::to(host.parse().unwrap(), RouteOwner::Manifest)
}

pub(crate) fn policy(routes: Vec<Route>) -> Policy {
    let plan = EgressPlan {
        routes,
        ..EgressPlan::default()
    };
    let token = Secret::from("sk-real-0123456789".to_owned());
    let tokens = BTreeMap::from([("token".parse().unwrap(), token)]);
    Policy::compile(
        plan,
        &tokens,
        &["198.51.100.7".parse().unwrap(), "9.9.9.9".parse().unwrap()],
    )
    .unwrap()
}

fn with_auth(mut route: Route) -> Route {
    route.auth = Some(RouteAuth {
        scheme: AuthScheme::Bearer,
        slot: "token".parse().unwrap(),
    });
    route
}

fn with_matches(mut route: Route, matches: Vec<RouteMatch>) -> Route {
    route.matches = matches;
    route
}

fn only(methods: &[&str], paths: Vec<PathMatch>) -> RouteMatch {
    RouteMatch {
        methods: methods.iter().map(|method| method.parse().unwrap()).collect(),
        paths,
        headers: Vec::new(),
    }
}

fn prefix(path: &str) -> PathMatch {
    PathMatch::Prefix(path.to_owned())
}

fn exact(path: &str) -> PathMatch {
    PathMatch::Exact(path.to_owned())
}

#[track_caller]
fn allows(policy: &Policy, asked: &Asked) {
    if let Err(refusal) = asked.decide(policy) {
        panic!("{}: {}", refusal.what(), refusal.rule().name());
    }
}

#[track_caller]
fn refuses(policy: &Policy, asked: &Asked, rule: Rule) {
    let refusal = asked.decide(policy).err();
    assert_eq!(
        refusal.map(|refusal| refusal.rule()),
        Some(rule),
        "{} {}",
        asked.method,
        asked.path.as_sent()
    );
}

#[test]
fn without_a_route_nothing_is_allowed() {
    let policy = policy(Vec::new());
    refuses(&policy, &get("https://api.example.com/"), Rule::NotListed);
    refuses(&policy, &get("https://192.0.2.1/"), Rule::NotListed);
    refuses(&policy, &get("http://api.example.com/"), Rule::NotListed);
}

#[test]
fn a_host_is_covered_exactly_or_by_the_longest_wildcard() {
    let mut special = route("*.a.example.com");
    special.ports = vec![8443];
    let policy = policy(vec![route("api.example.com"), route("*.example.com"), special]);
    allows(&policy, &get("https://api.example.com/"));
    allows(&policy, &get("https://x.y.example.com/"));
    allows(&policy, &get("https://x.a.example.com:8443/"));
    refuses(&policy, &get("https://x.a.example.com/"), Rule::Port);
    for host in [
        "example.com",
        "api.example.com.evil.test",
        "evilexample.com",
        "example.co",
    ] {
        refuses(&policy, &get(&format!("https://{host}/")), Rule::NotListed);
    }
}

#[test]
fn ports_are_those_that_are_listed() {
    let mut both = route("a.example");
    both.ports = vec![80, 443];
    let policy = policy(vec![both, route("b.example")]);
    allows(&policy, &get("http://a.example/"));
    allows(&policy, &get("https://a.example/"));
    refuses(&policy, &get("http://b.example/"), Rule::Port);
    refuses(&policy, &get("https://b.example:8443/"), Rule::Port);
    refuses(&policy, &get("http://b.example:443/"), Rule::PlainText);
}

#[test]
fn a_credential_never_travels_in_plain_text() {
    let mut plain = with_auth(route("a.example"));
    plain.ports = vec![80, 443];
    refuses(&policy(vec![plain]), &get("http://a.example/"), Rule::PlainText);
}

#[test]
fn an_address_is_a_host_only_if_listed_as_such() {
    let policy = policy(vec![route("192.0.2.1"), route("*.2.1.example")]);
    allows(&policy, &get("https://192.0.2.1/"));
    refuses(
        &policy,
        &get("https://192.0.2.1/").server_name(Some("a.example")),
        Rule::HostMismatch,
    );
    refuses(&policy, &get("https://192.0.2.2/"), Rule::NotListed);
}

#[test]
fn all_names_of_a_request_agree() {
    let policy = policy(vec![route("a.example"), route("b.example")]);
    let asked = || get("https://a.example/");
    refuses(&policy, &asked().host("b.example"), Rule::HostMismatch);
    refuses(&policy, &asked().host("a.example:8443"), Rule::HostMismatch);
    refuses(
        &policy,
        &asked().server_name(Some("b.example")),
        Rule::HostMismatch,
    );
    refuses(&policy, &asked().server_name(None), Rule::HostMismatch);
    allows(&policy, &asked().host("a.example:443"));
}

#[test]
fn matches_are_alternatives_of_joint_conditions() {
    let team = RouteMatch {
        headers: vec![HeaderMatch {
            name: "x-team".to_owned(),
            value: ValueMatch::Regex("blue|green".to_owned()),
        }],
        ..only(&[], vec![PathMatch::Regex("/t/[0-9]+".to_owned())])
    };
    let read = only(&["GET"], vec![prefix("/v1/"), exact("/ping")]);
    let policy = policy(vec![with_matches(route("a.example"), vec![read, team])]);
    let at = |path: &str| get(&format!("https://a.example{path}"));
    for path in [
        "/v1",
        "/v1/",
        "/v1/x",
        "/ping",
        "/v1/x?y",
        "/V2/../v1/a",
        "/%76%31/x",
    ] {
        allows(&policy, &at(path));
    }
    for path in ["/", "/v10", "/V1/x", "/ping/", "/v1/../x", "/t/5"] {
        refuses(&policy, &at(path), Rule::NoMatch);
    }
    refuses(&policy, &at("/v1/x").method("POST"), Rule::NoMatch);
    allows(&policy, &at("/t/5").method("POST").header("x-team", "green"));
    let twice = at("/t/5").header("x-team", "green").header("x-team", "evil");
    refuses(&policy, &twice, Rule::NoMatch);
    for (path, team) in [("/t/5", "greenish"), ("/t/5x", "green"), ("/a/t/5", "green")] {
        refuses(&policy, &at(path).header("x-team", team), Rule::NoMatch);
    }
}

/// Routes of the built-in providers are of this shape: a token reaches the measured paths and nothing else.
#[test]
fn provider_token_only_on_measured_paths() {
    let mut provider = with_auth(route("api.anthropic.com"));
    provider.owner = RouteOwner::Provider;
    provider.matches = vec![
        only(
            &["POST"],
            vec![exact("/v1/messages"), exact("/v1/messages/count_tokens")],
        ),
        only(
            &["GET"],
            vec![
                exact("/api/claude_code/settings"),
                exact("/api/claude_code/policy_limits"),
            ],
        ),
    ];
    let policy = policy(vec![provider]);
    let at = |path: &str| get(&format!("https://api.anthropic.com{path}"));
    let permit = at("/v1/messages?beta=true")
        .method("POST")
        .decide(&policy)
        .unwrap();
    assert_eq!(permit.target(), "/v1/messages?beta=true");
    assert!(permit.compiled().credential().is_some());
    allows(&policy, &at("/api/claude_code/settings"));
    for (method, path) in [
        ("GET", "/v1/messages"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/organizations/api_keys"),
        ("GET", "/v1/organizations/users"),
        ("POST", "/api/oauth/claude_cli/create_api_key"),
        ("POST", "/v1/files"),
        ("POST", "/v1/messages/../organizations/api_keys"),
        ("POST", "//v1/messages//x"),
        ("POST", "/V1/MESSAGES"),
        ("POST", "/v1/messages/"),
        ("DELETE", "/v1/messages"),
    ] {
        refuses(&policy, &at(path).method(method), Rule::NoMatch);
    }
    refuses(
        &policy,
        &at("/v1%2fmessages").method("POST"),
        Rule::EncodedSeparator,
    );
}

#[test]
fn encoded_slashes_pass_only_where_no_rule_reads_paths() {
    let read = with_matches(route("b.example"), vec![only(&[], vec![prefix("/@scope")])]);
    let methods = with_matches(route("c.example"), vec![only(&["GET"], Vec::new())]);
    let policy = policy(vec![route("a.example"), read, methods]);
    let permit = get("https://a.example/@scope%2fname").decide(&policy).unwrap();
    assert_eq!(permit.target(), "/@scope%2Fname");
    refuses(
        &policy,
        &get("https://b.example/@scope%2fname"),
        Rule::EncodedSeparator,
    );
    allows(&policy, &get("https://c.example/@scope%2fname"));
}

#[test]
fn methods_that_echo_or_tunnel_are_refused() {
    let policy = policy(vec![route("a.example")]);
    for method in ["TRACE", "TRACK", "DEBUG"] {
        refuses(&policy, &get("https://a.example/").method(method), Rule::Method);
    }
    refuses(
        &policy,
        &get("https://a.example/").method("CONNECT"),
        Rule::NestedConnect,
    );
    refuses(
        &policy,
        &get("https://a.example/?_method=DELETE").method("POST"),
        Rule::MethodOverride,
    );
}

#[test]
fn upgrades_are_refused_each_in_its_way() {
    let mut denying = route("b.example");
    denying.websocket = WebSocketRule::Deny;
    let policy = policy(vec![route("a.example"), denying]);
    refuses(
        &policy,
        &get("https://b.example/").upgrade(Upgrade::WebSocket),
        Rule::WebSocketDenied,
    );
    refuses(
        &policy,
        &get("https://a.example/").upgrade(Upgrade::WebSocket),
        Rule::WebSocketUnavailable,
    );
    refuses(
        &policy,
        &get("https://a.example/").upgrade(Upgrade::Other),
        Rule::Upgrade,
    );
    assert_eq!(Rule::WebSocketDenied.status(), 426);
}

#[test]
fn git_is_fetched_only_where_allowed_and_never_pushed() {
    let mut fetching = route("b.example");
    fetching.git = GitAccess {
        fetch: true,
        api_write: false,
    };
    let policy = policy(vec![route("a.example"), fetching]);
    let fetches = [
        "/o/r.git/info/refs?service=git-upload-pack",
        "/o/r/info/refs",
        "/o/r/INFO/refs",
    ];
    for path in fetches {
        refuses(&policy, &get(&format!("https://a.example{path}")), Rule::GitFetch);
        allows(&policy, &get(&format!("https://b.example{path}")));
    }
    let upload = "https://b.example/o/r.git/git-upload-pack";
    allows(&policy, &get(upload).method("POST"));
    for path in [
        "/o/r.git/info/refs?service=git-receive-pack",
        "/o/r.git/info/refs?service=git-upload-pack&service=git-receive-pack",
        "/o/r.git/info/refs?%73ervice=git%2dreceive-pack",
        "/o/r.git/git-receive-pack",
        "/o/r.git/git-receive-pack/",
        "/o/r.git%2fgit-receive-pack",
        "/o/r.git/Git-Receive-Pack;x",
    ] {
        refuses(
            &policy,
            &get(&format!("https://b.example{path}")).method("POST"),
            Rule::GitPush,
        );
    }
    let typed = get("https://b.example/x").method("POST");
    refuses(
        &policy,
        &typed.header("content-type", "application/x-git-receive-pack-request"),
        Rule::GitPush,
    );
    refuses(
        &policy,
        &get("https://b.example/r.git/info/lfs/objects/batch").method("POST"),
        Rule::ForgeWrite,
    );
}

#[test]
fn a_forge_is_written_only_where_allowed() {
    let mut writing = route("gitlab.example.com");
    writing.git.api_write = true;
    let mut fetching = route("github.com");
    fetching.git.fetch = true;
    let policy = policy(vec![
        route("api.github.com"),
        fetching,
        route("gitlab.com"),
        writing,
        route("a.example"),
    ]);
    for (method, path) in [
        ("PUT", "api.github.com/repos/o/r/contents/a"),
        ("POST", "api.github.com/repos/o/r/git/refs"),
        ("PATCH", "api.github.com/repos/o/r/git/refs/heads/main"),
        ("PUT", "api.github.com/repos/o/r/pulls/1/merge"),
        ("PUT", "api.github.com/repos/o/r/pulls/1/update-branch"),
        ("POST", "api.github.com/repos/o/r/merges"),
        ("POST", "api.github.com/user/keys"),
        ("POST", "api.github.com/repos/o/r/keys"),
        ("POST", "api.github.com/graphql"),
        ("GET", "api.github.com/graphql?query=mutation"),
        ("POST", "github.com/o/r.git/info/lfs/objects/batch"),
        ("PROPFIND", "github.com/o/r.git/"),
        ("MKCOL", "github.com/o/r.git/x"),
        ("POST", "gitlab.com/api/v4/projects/1/merge_requests/1/notes"),
        ("PUT", "gitlab.com/api/v4/projects/g%2Fp/repository/files/a"),
    ] {
        refuses(
            &policy,
            &get(&format!("https://{path}")).method(method),
            Rule::ForgeWrite,
        );
    }
    for (method, path) in [
        ("GET", "api.github.com/repos/o/r/contents/a"),
        ("POST", "api.github.com/repos/o/r/issues"),
        ("POST", "api.github.com/repos/o/r/issues/1/comments"),
        ("POST", "api.github.com/repos/o/r/pulls"),
        ("POST", "api.github.com/repos/o/r/pulls/1/reviews"),
        ("PUT", "gitlab.example.com/api/v4/projects/1/repository/files/a"),
        ("PUT", "a.example/repos/o/r/contents/a"),
    ] {
        allows(&policy, &get(&format!("https://{path}")).method(method));
    }
}

#[test]
fn what_only_looks_like_a_fetch_writes_nothing() {
    let mut forge = route("gitlab.com");
    forge.git.fetch = true;
    let policy = policy(vec![forge]);
    let fetch = "application/x-git-upload-pack-request";
    let send = |method, path: &str, kind| {
        get(&format!("https://gitlab.com/{path}"))
            .method(method)
            .header("content-type", kind)
    };
    allows(&policy, &send("POST", "o/r.git/git-upload-pack", fetch));
    for (method, path, kind) in [
        (
            "POST",
            "api/v4/projects/1/repository/commits",
            "application/json; x=git-upload-pack",
        ),
        ("PUT", "api/v4/projects/1/merge_requests/1/merge", fetch),
        (
            "PUT",
            "api/v4/projects/1/repository/files/git-upload-pack",
            "application/json",
        ),
        (
            "POST",
            "api/v4/projects/1/repository/files/git-upload-pack?branch=main&content=x",
            fetch,
        ),
        ("DELETE", "api/v4/projects/1/info/refs", fetch),
    ] {
        refuses(&policy, &send(method, path, kind), Rule::ForgeWrite);
    }
}

#[test]
fn graphql_reads_and_does_not_write() {
    let policy = policy(vec![route("api.github.com"), route("a.example")]);
    let query = |content| get("https://api.github.com/graphql").json(content);
    allows(
        &policy,
        &query(r#"{"query": "query($n: Int) { viewer { login } }", "variables": {"n": 1}}"#),
    );
    allows(&policy, &query(r#"{"query": "{ a }", "operationName": "A"}"#));
    for content in [
        r#"{"query": "mutation { a }"}"#,
        r#"{"query": "\u006dutation { a }"}"#,
        r#"{"query": "{ a }", "query": "mutation { a }"}"#,
        r#"{"query": "{ a }", "Query": "mutation { a }"}"#,
        r#"{"query": "{ a }", "extensions": {"persistedQuery": {}}}"#,
        r#"[{"query": "{ a }"}]"#,
        r#"{"operationName": "A"}"#,
        r#"{"query": "{ a }"} {"query": "mutation { a }"}"#,
        "query { a }",
    ] {
        refuses(&policy, &query(content), Rule::ForgeWrite);
    }
    let unread = get("https://api.github.com/graphql").method("POST");
    refuses(&policy, &unread, Rule::ForgeWrite);
    let encoded = query(r#"{"query": "{ a }"}"#).header("content-encoding", "gzip");
    refuses(&policy, &encoded, Rule::ForgeWrite);
    let put = query(r#"{"query": "{ a }"}"#).method("PUT");
    refuses(&policy, &put, Rule::ForgeWrite);
    assert!(depends_on_body(&policy, &unread.facts()));
    assert!(!depends_on_body(
        &policy,
        &get("https://api.github.com/graphql").facts()
    ));
    assert!(!depends_on_body(
        &policy,
        &get("https://a.example/graphql").method("POST").facts()
    ));
}

#[test]
fn large_files_come_down_and_do_not_go_up() {
    let mut fetching = route("github.com");
    fetching.git.fetch = true;
    let policy = policy(vec![fetching, route("gitlab.com")]);
    let batch =
        |host: &str, content| get(&format!("https://{host}/o/r.git/info/lfs/objects/batch")).json(content);
    allows(
        &policy,
        &batch("github.com", r#"{"operation": "download", "objects": []}"#),
    );
    refuses(
        &policy,
        &batch("gitlab.com", r#"{"operation": "download"}"#),
        Rule::ForgeWrite,
    );
    for content in [
        r#"{"operation": "upload"}"#,
        r#"{"operation": "download", "operation": "upload"}"#,
        "{}",
    ] {
        refuses(&policy, &batch("github.com", content), Rule::ForgeWrite);
    }
    let stored = get("https://github.com/o/r.git/info/lfs/objects/abc").method("PUT");
    refuses(&policy, &stored, Rule::ForgeWrite);
}

#[test]
fn keys_in_the_query_are_left_out() {
    let mut passing = route("b.example");
    passing.guest_auth = GuestAuth::Pass;
    let policy = policy(vec![route("a.example"), passing]);
    let target = |url: &str| get(url).decide(&policy).unwrap().target().to_owned();
    assert_eq!(target("https://a.example/x?key=1&q=2"), "/x?q=2");
    assert_eq!(target("https://a.example/x?key=1"), "/x");
    assert_eq!(target("https://b.example/x?key=1&q=2"), "/x?key=1&q=2");
}

#[test]
fn signed_urls_only_read() {
    let policy = policy(vec![route("a.example")]);
    allows(&policy, &get("https://a.example/x?X-Amz-Signature=1"));
    refuses(
        &policy,
        &get("https://a.example/x?X-Amz-Signature=1").method("PUT"),
        Rule::SignedWrite,
    );
}

#[test]
fn an_announced_body_must_fit() {
    let mut small = route("a.example");
    small.limits.body = Some(ByteSize::from_bytes(10));
    let policy = policy(vec![small]);
    allows(&policy, &get("https://a.example/").body(10));
    refuses(&policy, &get("https://a.example/").body(11), Rule::BodySize);
}

#[test]
fn tunnels_open_to_the_tls_port_and_listed_ports() {
    let mut other = route("a.example");
    other.ports = vec![8443];
    let policy = policy(vec![other]);
    let tunnel = |text| decide_tunnel(&policy, &Authority::parse(text, None).unwrap()).map_err(|r| r.rule());
    assert_eq!(tunnel("a.example:443"), Ok(()));
    assert_eq!(tunnel("unlisted.example:443"), Ok(()));
    assert_eq!(tunnel("a.example:8443"), Ok(()));
    assert_eq!(tunnel("a.example:22"), Err(Rule::Port));
    assert_eq!(tunnel("unlisted.example:8443"), Err(Rule::NotListed));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    const HOSTS: &[&str] = &[
        "a.example",
        "b.a.example",
        "c.b.a.example",
        "192.0.2.1",
        "github.com",
    ];
    const PATHS: &[&str] = &[
        "/",
        "/v1",
        "/v1/x",
        "/a%2Fb",
        "/r.git/info/refs",
        "/r.git/git-receive-pack",
    ];
    const METHODS: &[&str] = &["GET", "POST", "PUT", "TRACE", "CONNECT"];

    fn requests() -> impl Strategy<Value = Asked> {
        let one = |list: &'static [&'static str]| proptest::sample::select(list);
        (one(&["http", "https"]), one(HOSTS), one(PATHS), one(METHODS))
            .prop_map(|(scheme, host, path, method)| get(&format!("{scheme}://{host}{path}")).method(method))
    }

    fn routes() -> impl Strategy<Value = Route> {
        const PATTERNS: &[&str] = &[
            "a.example",
            "*.a.example",
            "*.b.a.example",
            "192.0.2.1",
            "github.com",
            "z.example",
        ];
        const PORTS: &[&[u16]] = &[&[443], &[80, 443]];
        let matches = prop::collection::vec(proptest::sample::select(PATHS), 0..3);
        let ports = proptest::sample::select(PORTS);
        (proptest::sample::select(PATTERNS), matches, ports).prop_map(|(host, paths, ports)| {
            let mut route = route(host);
            route.ports = ports.to_vec();
            route.matches = paths.iter().map(|path| only(&[], vec![exact(path)])).collect();
            route
        })
    }

    fn distinct(mut routes: Vec<Route>) -> Vec<Route> {
        routes.sort_by_key(|route| route.host.to_string());
        routes.dedup_by_key(|route| route.host.to_string());
        routes
    }

    proptest! {
        #[test]
        fn an_empty_policy_allows_nothing(asked in requests()) {
            prop_assert!(asked.decide(&Policy::default()).is_err());
        }

        #[test]
        fn a_route_changes_nothing_for_hosts_that_it_does_not_cover(
            asked in requests(),
            others in prop::collection::vec(routes(), 0..4),
            added in routes(),
        ) {
            let others = distinct(others);
            prop_assume!(!added.host.covers(asked.authority.host().as_str()));
            let more = distinct(others.iter().cloned().chain([added]).collect());
            let (before, after) = (asked.decide(&policy(others)), asked.decide(&policy(more)));
            prop_assert_eq!(before.map(|permit| permit.target().to_owned()), after.map(|permit| permit.target().to_owned()));
        }

        #[test]
        fn a_narrower_route_never_allows_more(asked in requests(), wide in routes(), path in proptest::sample::select(PATHS)) {
            let mut whole = wide;
            whole.matches.clear();
            let narrow = with_matches(whole.clone(), vec![only(&[], vec![exact(path)])]);
            if asked.decide(&policy(vec![narrow])).is_ok() {
                prop_assert!(asked.decide(&policy(vec![whole])).is_ok());
            }
        }

        #[test]
        fn no_policy_lets_a_push_or_a_tunnel_out(asked in requests(), routes in prop::collection::vec(routes(), 0..6)) {
            if asked.decide(&policy(distinct(routes))).is_ok() {
                prop_assert!(!asked.path.decoded().contains("receive-pack"));
                prop_assert!(!matches!(asked.method.as_str(), "CONNECT" | "TRACE"));
            }
        }
    }
}
