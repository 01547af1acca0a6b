use std::path::Path;

use bottle_plan::egress::{OnMatch, PathMatch, RouteOwner, ValueMatch, WebSocketRule};
use bottle_plan::inputs::{ProviderChoice, SettingValue};
use bottle_plan::secret::SecretSource;

use super::*;

const REAL: &str = "opaque-real-token";

fn choice(auth_token: Option<&str>, forward_host_credentials: bool) -> ProviderChoice {
    ProviderChoice {
        template: NAME.parse().unwrap(),
        dockerfile: None,
        auth_token: auth_token.map(|name| name.parse().unwrap()),
        forward_host_credentials,
        settings: Default::default(),
    }
}

fn inputs<'a>(choice: &'a ProviderChoice, home: &'a Path) -> ProviderInputs<'a> {
    ProviderInputs {
        choice,
        has_prefix: &|_, _| Some(true),
        home,
        now: 1_800_000_000,
    }
}

fn host() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".codex")).unwrap();
    let file = format!(
        r#"{{"tokens":{{"access_token":"{REAL}","refresh_token":"real-too","account_id":"acct-1"}}}}"#
    );
    std::fs::write(home.path().join(".codex/auth.json"), file).unwrap();
    home
}

fn contribute(choice: &ProviderChoice) -> Result<ProviderPlan, ContributionError> {
    Codex.provision_plan(&inputs(choice, host().path()))
}

#[test]
fn an_api_key_is_a_placeholder_in_the_guest() {
    insta::assert_yaml_snapshot!(contribute(&choice(Some("CODEX_KEY"), false)).unwrap());
}

#[test]
fn the_hosts_login_is_a_placeholder_with_the_real_account() {
    let plan = contribute(&choice(None, true)).unwrap();
    assert!(!format!("{plan:?}").contains("real"));
    insta::assert_yaml_snapshot!(plan);
}

#[test]
fn the_real_token_is_delivered_for_its_slot_alone() {
    let (home, forwarding, other) = (host(), choice(None, true), choice(Some("K"), false));
    let slot = route::slot();
    let value = Codex
        .secret_value(&slot, &inputs(&forwarding, home.path()))
        .unwrap();
    assert_eq!(value.expose(), REAL);
    assert!(Codex.secret_value(&slot, &inputs(&other, home.path())).is_err());
    let unknown = TokenSlot::numbered(RouteOwner::Provider, 2);
    assert!(
        Codex
            .secret_value(&unknown, &inputs(&forwarding, home.path()))
            .is_err()
    );
}

#[test]
fn provider_token_only_on_measured_paths() {
    for (choice, host, measured) in [
        (
            choice(Some("K"), false),
            "api.openai.com",
            vec!["POST /v1/responses"],
        ),
        (
            choice(None, true),
            "chatgpt.com",
            vec![
                "GET /backend-api/wham/accounts/check chatgpt-account-id=acct-1",
                "POST /backend-api/codex/responses chatgpt-account-id=acct-1",
                "GET /backend-api/codex/models chatgpt-account-id=acct-1",
            ],
        ),
    ] {
        let plan = contribute(&choice).unwrap();
        let [route] = plan.routes.as_slice() else {
            panic!("one route: {:?}", plan.routes);
        };
        assert_eq!(route.host.to_string(), host);
        assert_eq!(
            (route.ports.as_slice(), route.owner),
            ([443].as_slice(), RouteOwner::Provider)
        );
        assert_eq!(
            (route.websocket, route.dlp.on_match),
            (WebSocketRule::Deny, OnMatch::Redact)
        );
        let allowed: Vec<String> = route.matches.iter().map(line).collect();
        assert_eq!(allowed, measured);
    }
}

fn line(entry: &bottle_plan::egress::RouteMatch) -> String {
    let ([PathMatch::Exact(path)], [method]) = (entry.paths.as_slice(), entry.methods.as_slice()) else {
        panic!("exactly one path and method: {entry:?}");
    };
    let mut line = format!("{method} {path}");
    for header in &entry.headers {
        let ValueMatch::Exact(value) = &header.value else {
            panic!("an exact value: {header:?}");
        };
        line.push_str(&format!(" {}={value}", header.name));
    }
    line
}

#[test]
fn without_a_credential_there_is_no_route_and_a_note() {
    let choice = choice(None, false);
    let plan = contribute(&choice).unwrap();
    assert!(plan.routes.is_empty() && plan.secrets.is_empty());
    assert_eq!(plan.files.len(), 1);
    assert_eq!(Codex.notes(&inputs(&choice, Path::new("/nowhere"))).len(), 1);
}

#[test]
fn a_key_and_a_login_exclude_each_other() {
    let error = contribute(&choice(Some("K"), true)).unwrap_err();
    assert!(matches!(error, ContributionError::Exclusive { .. }), "{error}");
}

#[test]
fn a_key_comes_from_its_host_variable() {
    let plan = contribute(&choice(Some("K"), false)).unwrap();
    let source = SecretSource::HostVariable("K".parse().unwrap());
    assert_eq!(plan.secrets.get(&route::slot()), Some(&source));
}

#[test]
fn settings_are_names_and_nothing_else() {
    let mut choice = choice(None, false);
    for (key, value, fits) in [
        ("model", "gpt-6.1-sol", true),
        ("model", "x\"\n[mcp_servers.evil]", false),
        ("reasoning_effort", "high", true),
        ("reasoning_effort", "most", false),
        ("sandbox", "off", false),
    ] {
        choice.settings = [(key.to_owned(), SettingValue::Text(value.to_owned()))].into();
        let plan = contribute(&choice);
        assert_eq!(plan.is_ok(), fits, "{key}: {value}");
        if let Ok(plan) = plan {
            assert!(
                plan.files[0].content.contains(&format!(" = \"{value}\"\n")),
                "{key}: {value}"
            );
        }
    }
}
