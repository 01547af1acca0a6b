use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use bottle_plan::inputs::{ProviderChoice, SettingValue};

use super::*;

fn choice(settings: &[(&str, &str)]) -> ProviderChoice {
    let text = |(key, value): &(&str, &str)| ((*key).to_owned(), SettingValue::Text((*value).to_owned()));
    ProviderChoice {
        template: "demo".parse().unwrap(),
        dockerfile: None,
        auth_token: None,
        forward_host_credentials: false,
        settings: settings.iter().map(text).collect(),
    }
}

fn contribute(choice: &ProviderChoice) -> Result<ProviderPlan, ContributionError> {
    Demo.provision_plan(&ProviderInputs {
        choice,
        has_prefix: &|_, _| None,
        home: std::path::Path::new("/home/user"),
        now: 1_800_000_000,
    })
}

/// Runs the script in a folder of its own, with a curl that shows what it was asked for.
fn script(arguments: &[&str], stdin: &str) -> (tempfile::TempDir, Output) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("stdin"), stdin).unwrap();
    let curl = home.path().join("curl");
    std::fs::write(
        &curl,
        "#!/bin/sh\ncase $* in *attacker*) echo '{\"error\":\"refused\"}\n[HTTP 403]' ;; *) echo '[HTTP 200]' ;; esac\n",
    )
    .unwrap();
    std::fs::set_permissions(&curl, std::fs::Permissions::from_mode(0o755)).unwrap();
    let workspace = home.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    let output = Command::new("bash")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/agent.sh"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", home.path().display()),
        )
        .current_dir(workspace)
        .stdin(std::fs::File::open(home.path().join("stdin")).unwrap())
        .output()
        .expect("bash runs");
    (home, output)
}

fn check_prompt(prompt: &str, status: i32, said: &str) {
    let (_home, output) = script(&["--prompt", prompt], "");
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed = printed.split_once("in this bottle.\n").expect("a greeting").1;
    assert_eq!((output.status.code(), printed), (Some(status), said), "{prompt}");
}

#[test]
fn the_contribution_is_a_script_and_no_credential() {
    insta::with_settings!({filters => vec![(r"(?s)content: .*?\nmcp", "content: (agent.sh)\nmcp")]}, {
        let plan = contribute(&choice(&[("visit", "https://example.com/")])).unwrap();
        insta::assert_yaml_snapshot!(plan);
    });
}

#[test]
fn an_address_cannot_end_its_quotes() {
    for visit in [
        "https://a'; rm -rf / #",
        "file:///etc/passwd",
        "https://",
        "--help",
        "https://a b",
    ] {
        assert!(contribute(&choice(&[("visit", visit)])).is_err(), "{visit}");
    }
}

#[test]
fn a_credential_or_an_unknown_setting_is_refused() {
    let error = contribute(&choice(&[("vist", "https://a/")])).unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some("did you mean visit? there is: visit, refused")
    );
    let with_token = ProviderChoice {
        auth_token: Some("TOKEN".parse().unwrap()),
        ..choice(&[])
    };
    assert!(matches!(
        contribute(&with_token),
        Err(ContributionError::NotSupported { .. })
    ));
}

#[test]
fn each_line_is_obeyed_in_turn() {
    check_prompt("exit 7", 7, "demo: I end with status 7.\n");
    check_prompt("exit 08", 8, "demo: I end with status 8.\n");
    check_prompt(
        "hello\n# nothing\n  run: echo out; exit 3\nrun: cat; true\nexit 0",
        0,
        "demo: I was told: hello\n$  echo out; exit 3\nout\n[status 3]\n$  cat; true\n[status 0]\ndemo: I end with status 0.\n",
    );
    check_prompt(
        "must: false\nrun: echo never",
        1,
        "$  false\n[status 1]\ndemo: I end with status 1.\n",
    );
    check_prompt(
        "run: true\nexit a",
        64,
        "$  true\n[status 0]\ndemo: I cannot read the status in: exit a\ndemo: I end with status 64.\n",
    );
}

#[test]
fn without_an_instruction_it_takes_its_tour() {
    let (home, output) = script(
        &[
            "--visit",
            "https://example.com/",
            "--prompt",
            "Have a look round.",
        ],
        "",
    );
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    assert!(
        printed.contains("{\"error\":\"refused\"}") && printed.contains("[HTTP 200]"),
        "{printed}"
    );
    let note = std::fs::read_to_string(home.path().join("workspace/demo.txt")).unwrap();
    assert!(note.starts_with("The demo agent was here"), "{note}");
}

#[test]
fn a_tour_that_nobody_stops_has_failed() {
    let (_home, output) = script(&["--refused", "https://example.com/", "--prompt", ""], "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn on_a_terminal_it_reads_lines_to_their_end() {
    let (_home, output) = script(&["--resume"], "run: echo hi\nexit 5\n");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(5), "{printed}");
    assert!(
        printed.contains("I go on where I was") && printed.contains("hi\n[status 0]"),
        "{printed}"
    );
}
