use bottle_plan::egress::{AuthScheme, OnMatch, PathMatch, RouteOwner, WebSocketRule};
use bottle_plan::inputs::{ProviderChoice, SettingValue};

use super::*;

const LOGIN: &str = "sk-ant-oat01-real";
const KEY: &str = "sk-ant-api03-real";

fn choice(auth_token: Option<&str>) -> ProviderChoice {
    ProviderChoice {
        template: NAME.parse().unwrap(),
        dockerfile: None,
        auth_token: auth_token.map(|name| name.parse().unwrap()),
        forward_host_credentials: false,
        settings: Default::default(),
    }
}

fn contribute(choice: &ProviderChoice, value: Option<&str>) -> Result<ProviderPlan, ContributionError> {
    Claude.provision_plan(&ProviderInputs {
        choice,
        has_prefix: &|_, prefix| value.map(|value| value.starts_with(prefix)),
        home: std::path::Path::new("/home/user"),
        now: 1_800_000_000,
    })
}

#[test]
fn a_login_token_has_a_login_placeholder() {
    let plan = contribute(&choice(Some("CLAUDE_TOKEN")), Some(LOGIN)).unwrap();
    insta::assert_yaml_snapshot!(plan);
}

#[test]
fn an_api_key_has_a_key_placeholder_that_is_approved() {
    let plan = contribute(&choice(Some("CLAUDE_TOKEN")), Some(KEY)).unwrap();
    assert_eq!(
        plan.routes[0].auth.as_ref().unwrap().scheme,
        AuthScheme::Header("x-api-key".to_owned())
    );
    let variables: Vec<&str> = plan.env.keys().map(|name| name.as_str()).collect();
    assert!(variables.contains(&"ANTHROPIC_API_KEY") && !variables.contains(&"CLAUDE_CODE_OAUTH_TOKEN"));
    insta::assert_snapshot!(plan.files[0].content);
}

#[test]
fn without_a_credential_there_is_no_route_and_a_note() {
    let choice = choice(None);
    let plan = contribute(&choice, None).unwrap();
    assert!(plan.routes.is_empty() && plan.secrets.is_empty() && plan.hidden_env.is_empty());
    let inputs = ProviderInputs {
        choice: &choice,
        has_prefix: &|_, _| None,
        home: std::path::Path::new("/"),
        now: 0,
    };
    assert_eq!(Claude.notes(&inputs).len(), 1);
}

#[test]
fn provider_token_only_on_measured_paths() {
    for value in [LOGIN, KEY] {
        let plan = contribute(&choice(Some("T")), Some(value)).unwrap();
        let [route] = plan.routes.as_slice() else {
            panic!("one route: {:?}", plan.routes);
        };
        assert_eq!(route.host.to_string(), "api.anthropic.com");
        assert_eq!(
            (route.ports.as_slice(), route.owner),
            ([443].as_slice(), RouteOwner::Provider)
        );
        assert_eq!(
            (route.websocket, route.dlp.on_match),
            (WebSocketRule::Deny, OnMatch::Redact)
        );
        let mut allowed = Vec::new();
        for entry in &route.matches {
            let ([PathMatch::Exact(path)], [method]) = (entry.paths.as_slice(), entry.methods.as_slice())
            else {
                panic!("exactly one path and method: {entry:?}");
            };
            allowed.push(format!("{method} {path}"));
        }
        assert_eq!(
            allowed,
            [
                "POST /v1/messages",
                "GET /api/claude_code/settings",
                "GET /api/claude_code/policy_limits"
            ]
        );
    }
}

#[test]
fn no_value_of_the_hosts_is_in_the_plan() {
    let plan = contribute(&choice(Some("T")), Some(LOGIN)).unwrap();
    assert!(!format!("{plan:?}").contains("real"));
}

#[test]
fn a_model_is_a_name_and_nothing_else() {
    let mut choice = choice(None);
    for (model, fits) in [
        ("claude-opus-5-5[1m]", true),
        ("--help", false),
        ("a b", false),
        ("", false),
    ] {
        choice.settings = [("model".to_owned(), SettingValue::Text(model.to_owned()))].into();
        let plan = contribute(&choice, None);
        assert_eq!(plan.is_ok(), fits, "{model}");
        if let Ok(plan) = plan {
            assert!(plan.files[1].content.contains(&format!("\"model\": \"{model}\"")));
        }
    }
}

#[test]
fn the_hosts_login_is_not_forwarded() {
    let choice = ProviderChoice {
        forward_host_credentials: true,
        ..choice(None)
    };
    let error = contribute(&choice, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`agent_provider.forward_host_credentials` is not for the provider claude"
    );
}
