use data_encoding::BASE64URL_NOPAD;

use super::*;

const NOW: u64 = 1_800_000_000;

fn token(claims: &str) -> String {
    format!("e30.{}.c2ln", BASE64URL_NOPAD.encode(claims.as_bytes()))
}

fn file(access_token: &str) -> String {
    format!(
        r#"{{"auth_mode":"chatgpt","tokens":{{"id_token":"x","access_token":"{access_token}","refresh_token":"r","account_id":"acct-1"}}}}"#
    )
}

fn login(content: Option<&str>) -> Result<HostLogin, ContributionError> {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".codex")).unwrap();
    if let Some(content) = content {
        std::fs::write(home.path().join(".codex/auth.json"), content).unwrap();
    }
    read(home.path(), NOW)
}

#[test]
fn a_login_gives_token_account_plan_and_end() {
    let claims = format!(
        r#"{{"exp":{},"https://api.openai.com/auth":{{"chatgpt_plan_type":"pro"}}}}"#,
        NOW + 3600
    );
    let token = token(&claims);
    let login = login(Some(&file(&token))).unwrap();
    assert_eq!(login.access_token.expose(), token);
    assert_eq!((login.account.as_str(), login.plan.as_str()), ("acct-1", "pro"));
    assert_eq!(login.ends, Some(NOW + 3600));
    assert!(!format!("{login:?}").contains(&token));
}

#[test]
fn a_token_that_says_nothing_is_taken_as_it_is() {
    let login = login(Some(&file("opaque"))).unwrap();
    assert_eq!((login.plan.as_str(), login.ends), ("plus", None));
}

#[test]
fn what_cannot_be_used_says_what_to_do() {
    let ended = file(&token(&format!(r#"{{"exp":{}}}"#, NOW + 200)));
    let negative = file(&token(r#"{"exp":-1}"#));
    let huge = " ".repeat(300 * 1024);
    let cases = [
        ("missing", None),
        ("empty", Some("")),
        ("not an object", Some("[]")),
        ("no ChatGPT login", Some(r#"{"OPENAI_API_KEY":"sk-real"}"#)),
        ("no token", Some(r#"{"tokens":{"account_id":"a"}}"#)),
        ("no account", Some(r#"{"tokens":{"access_token":"opaque"}}"#)),
        (
            "a line break in the token",
            Some(r#"{"tokens":{"access_token":"a\nb","account_id":"a"}}"#),
        ),
        (
            "an account that is no word",
            Some(r#"{"tokens":{"access_token":"a","account_id":"a\r\nx: y"}}"#),
        ),
        ("ended", Some(&ended)),
        ("claims of the wrong type", Some(&negative)),
        ("too large", Some(&huge)),
    ];
    let mut said = String::new();
    for (name, content) in cases {
        let error = login(content).unwrap_err();
        said.push_str(&format!("{name}: {error}\n  {}\n", error.hint().unwrap()));
    }
    insta::with_settings!({filters => vec![(r"/\S+/\.codex", "~/.codex")]}, {
        insta::assert_snapshot!(said);
    });
}
