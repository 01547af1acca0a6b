use bottle_plan::egress::{AuthScheme, PathMatch, Route, RouteAuth, RouteMatch, RouteOwner};

use super::*;

const SECRET: &str = "sk-real-0123456789";

fn route(host: &str, scheme: Option<AuthScheme>) -> Route {
    let mut route = Route::to(host.parse().unwrap(), RouteOwner::Manifest);
    let slot: TokenSlot = "token".parse().unwrap();
    route.auth = scheme.map(|scheme| RouteAuth { scheme, slot });
    route
}

fn compile(routes: Vec<Route>, secret: &str) -> Result<Policy, CompileError> {
    let plan = EgressPlan {
        routes,
        ..EgressPlan::default()
    };
    let tokens = BTreeMap::from([("token".parse().unwrap(), Secret::from(secret.to_owned()))]);
    Policy::compile(plan, &tokens, &[])
}

fn check_value(scheme: AuthScheme, secret: &str, field: &str, value: &str) {
    let policy = compile(vec![route("a.example", Some(scheme))], secret).unwrap();
    let route = policy.route(&"a.example".parse().unwrap()).unwrap();
    let credential = route.credential().unwrap();
    assert_eq!(credential.field(), field);
    assert_eq!(credential.value(), value);
    assert!(!format!("{policy:?}").contains(secret));
}

#[test]
fn each_scheme_writes_its_field() {
    check_value(
        AuthScheme::Bearer,
        SECRET,
        "authorization",
        "Bearer sk-real-0123456789",
    );
    check_value(
        AuthScheme::Token,
        SECRET,
        "authorization",
        "token sk-real-0123456789",
    );
    check_value(
        AuthScheme::Basic,
        "user:password",
        "authorization",
        "Basic dXNlcjpwYXNzd29yZA==",
    );
    check_value(
        AuthScheme::Header("x-api-key".to_owned()),
        SECRET,
        "x-api-key",
        SECRET,
    );
}

#[test]
fn a_credential_that_cannot_be_sent_is_an_error() {
    let bad = |scheme, secret| {
        let error = compile(vec![route("a.example", Some(scheme))], secret);
        assert!(
            matches!(error, Err(CompileError::BadCredential { .. })),
            "{secret:?}: {error:?}"
        );
    };
    bad(AuthScheme::Bearer, "short");
    bad(AuthScheme::Bearer, "a line\r\nX-Other: 1");
    bad(AuthScheme::Basic, "no-colon-here");
    for field in [
        "host",
        "content-length",
        "connection",
        "x-forwarded-for",
        "a b",
        "",
    ] {
        bad(AuthScheme::Header(field.to_owned()), SECRET);
    }
    let none = compile(vec![route("a.example", Some(AuthScheme::Bearer))], "");
    assert!(matches!(none, Err(CompileError::NoCredential { .. })));
}

#[test]
fn a_wildcard_has_no_credential() {
    let error = compile(vec![route("*.a.example", Some(AuthScheme::Bearer))], SECRET);
    assert!(matches!(error, Err(CompileError::WildcardCredential(_))));
}

#[test]
fn one_host_has_one_route() {
    let error = compile(vec![route("a.example", None), route("A.example", None)], SECRET);
    assert!(matches!(error, Err(CompileError::TwoRoutes(_))));
    assert!(compile(vec![route("a.example", None), route("*.a.example", None)], SECRET).is_ok());
}

#[test]
fn matches_that_cannot_match_are_errors() {
    let with = |path| {
        let mut route = route("a.example", None);
        route.matches = vec![RouteMatch {
            paths: vec![path],
            ..RouteMatch::default()
        }];
        compile(vec![route], SECRET)
    };
    assert!(matches!(
        with(PathMatch::Regex("(".to_owned())),
        Err(CompileError::BadExpression { .. })
    ));
    assert!(matches!(
        with(PathMatch::Regex("(a{900}){900}".to_owned())),
        Err(CompileError::BadExpression { .. })
    ));
    for path in ["v1", "/a/%252e", "/..", "/a\\b"] {
        assert!(
            matches!(
                with(PathMatch::Exact(path.to_owned())),
                Err(CompileError::BadPath { .. })
            ),
            "{path}"
        );
    }
}
