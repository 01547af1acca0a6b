//! What the client makes of what the real program said. `cargo xtask record` writes it down again.

use std::path::PathBuf;

use super::call::answer;
use super::*;

/// One recorded call.
struct Recorded {
    status: i32,
    stdout: String,
    stderr: String,
}

/// Reads one; its form is that of `tests/microvm-lab/record/record.sh`.
#[track_caller]
fn recorded(name: &str) -> Recorded {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/client/recorded");
    let text = std::fs::read_to_string(format!("{folder}/{name}.txt")).unwrap();
    let (head, rest) = text.split_once("\n--- stdout\n").unwrap();
    let (stdout, stderr) = rest.split_once("--- stderr\n").unwrap();
    let (_, status) = head.rsplit_once("status ").unwrap();
    Recorded {
        status: status.parse().unwrap(),
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
    }
}

#[track_caller]
fn answered(name: &str) -> Result<String, CallError> {
    let said = recorded(name);
    answer("do it", said.status, said.stdout, &said.stderr).map(|answer| answer.stdout)
}

/// Checks the kind of a refusal, and that its reason is the program's own.
#[track_caller]
fn refused(name: &str, expected: &Code, reason: &str) {
    match answered(name) {
        Err(CallError::Refused { refused, .. }) => {
            assert_eq!(refused.code, *expected, "{refused}");
            assert!(refused.message.contains(reason), "{refused}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[track_caller]
fn listed(name: &str) -> Vec<Machine> {
    serde_json::from_str(&answered(name).unwrap()).unwrap()
}

#[test]
fn the_installed_version_is_read_and_taken() {
    let said = answered("version").unwrap();
    let version: Version = said.trim().parse().unwrap();
    assert!(version.check().is_ok(), "{version}");
}

#[test]
fn versions_are_compared_by_number() {
    let check = |text: &str| text.parse::<Version>().map(Version::check);
    for taken in [
        "smolvm 1.32.0",
        "smolvm 1.100.0",
        "smolvm 2.0.0-rc.1",
        "smolvm 1.32.2+dirty",
    ] {
        assert!(matches!(check(taken), Ok(Ok(_))), "{taken}");
    }
    for old in ["smolvm 1.31.9", "smolvm 1.4.0", "smolvm 0.99.99"] {
        assert!(matches!(check(old), Ok(Err(CallError::TooOld { .. }))), "{old}");
    }
    for none in [
        "",
        "1.32.0",
        "smolvm",
        "smolvm 1.32",
        "smolvm 1.32.0.1",
        "smolvm a.b.c",
    ] {
        assert!(check(none).is_err(), "{none}");
    }
    let said = check("smolvm 1.31.0").unwrap().unwrap_err().to_string();
    assert_eq!(said, "smolvm 1.31.0 is too old: it must be 1.32.0 or newer");
}

#[test]
fn what_does_not_exist_is_told_from_what_failed() {
    for name in ["start-unknown", "exec-unknown", "stop-unknown", "delete-unknown"] {
        refused(name, &Code::NotFound, "vm not found: one");
    }
    let gone = |name: &str| {
        let said = recorded(name);
        unless_missing(answer("do it", said.status, said.stdout, &said.stderr))
    };
    assert!(gone("stop-unknown").is_ok() && gone("delete-unknown").is_ok());
    assert!(gone("create-again").is_err());
}

#[test]
fn a_name_that_is_taken_is_refused_and_said() {
    refused("create-again", &Code::Config, "already exists");
}

#[test]
fn an_image_that_is_not_there_is_refused_before_a_start() {
    refused("create-no-file", &Code::Config, "No such file");
}

#[test]
fn a_failed_start_tells_smolvms_own_reason_in_one_line() {
    let Err(error) = answered("start-forbidden") else {
        panic!("nobody may open /dev/kvm there");
    };
    let said = error.to_string();
    assert!(said.starts_with("smolvm cannot do it: "), "{said}");
    assert!(
        said.contains("Cannot access /dev/kvm (permission denied). Add your user"),
        "{said}"
    );
    assert_eq!(listed("ls-forbidden").remove(0).state, MachineState::Created);
}

#[test]
fn names_that_bottles_have_and_smolvm_refuses_are_known() {
    refused("create-bad-name", &Code::Config, "consecutive hyphens");
}

#[test]
fn a_refusal_without_json_keeps_what_was_said_and_not_the_note() {
    let Err(CallError::Unexpected { status, said, .. }) = answered("create-bad-option") else {
        panic!("it is refused");
    };
    assert_eq!(status, 2);
    assert!(
        said.contains("--no-such-option") && !said.contains("packed"),
        "{said}"
    );
}

#[test]
fn stopping_what_does_not_run_is_no_error_and_a_command_there_is() {
    for name in ["create", "stop-created", "delete"] {
        assert!(answered(name).is_ok(), "{name}");
    }
    refused(
        "exec-created",
        &Code::Other("SMOLVM_ERROR".to_owned()),
        "machine 'one' is not running",
    );
}

#[test]
fn machines_are_listed_as_they_are() {
    assert_eq!(listed("ls-empty"), []);
    assert_eq!(listed("ls-deleted"), []);
    let machine = listed("ls-created").remove(0);
    assert_eq!(
        (machine.name.as_str(), &machine.state),
        ("one", &MachineState::Created)
    );
    assert!(!machine.network && machine.pid.is_none());
    let label = |name: &str| machine.labels.get(name).map(String::as_str);
    assert_eq!(label("bottle.identity"), Some("one"));
    assert_eq!(label("bottle.note"), Some("a b=c"));
}

#[test]
fn a_state_that_nobody_knows_is_no_other() {
    let state: MachineState = serde_json::from_str("\"dreaming\"").unwrap();
    assert_eq!(state, MachineState::Other("dreaming".to_owned()));
}

fn smolvm() -> Smolvm {
    Smolvm {
        program: "/nowhere/smolvm".into(),
        variables: vec![("HOME".into(), "/home/me".into())],
        state: Some("/state".into()),
    }
}

fn words(command: &tokio::process::Command) -> String {
    let words = command.as_std().get_args().map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_machine_is_made_from_a_path_and_without_a_network() {
    let machine = NewMachine {
        name: "one".to_owned(),
        image: PathBuf::from("alpine"),
        cpus: Some(2),
        memory: Some(512),
        labels: [("a".to_owned(), "b c".to_owned())].into(),
        sockets: vec![("/doors/egress.sock".into(), "/run/bottle/egress.sock".to_owned())],
        mounts: vec![Mount {
            host: "/programs".into(),
            guest: "/opt/bottle".to_owned(),
            writable: false,
        }],
        user: (64_001, 64_001),
        workload: ["/opt/bottle/relay", "--net"].map(str::to_owned).to_vec(),
    };
    let words: Vec<String> = machine
        .arguments()
        .into_iter()
        .map(|word| word.into_string().unwrap())
        .collect();
    let expected = "--name one --image ./alpine --cpus 2 --mem 512 --label a=b c --mount-socket \
                    /doors/egress.sock:/run/bottle/egress.sock --volume /programs:/opt/bottle:ro --user 64001:64001 \
                    -- /opt/bottle/relay --net";
    assert_eq!(words.join(" "), expected);
}

#[test]
fn no_value_is_an_argument_and_every_exec_names_its_user() {
    let exec = Exec {
        machine: "one".to_owned(),
        user: (1000, 1000),
        directory: "/".to_owned(),
        env: vec![("TOKEN".to_owned(), "geheim".to_owned().into())],
        input: true,
        terminal: false,
        limit: Some(Duration::from_millis(10)),
        argv: vec!["sh".to_owned()],
    };
    let command = smolvm().exec(&exec);
    let expected = "machine exec --error-format json --state-dir /state --name one --user 1000:1000 --workdir / \
                    --secret-env TOKEN=BOTTLE_GUEST_0 --timeout 1s --interactive -- sh";
    assert_eq!(words(&command), expected);
    let variables: Vec<_> = command.as_std().get_envs().collect();
    assert_eq!(
        variables,
        [
            ("BOTTLE_GUEST_0".as_ref(), Some("geheim".as_ref())),
            ("HOME".as_ref(), Some("/home/me".as_ref()))
        ]
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said_to_be_missing() {
    assert!(matches!(smolvm().version().await, Err(CallError::Missing { .. })));
}

/// Writes a program that answers every call so.
fn program(folder: &tempfile::TempDir, script: &str) -> Smolvm {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.path().join("smolvm");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Smolvm {
        program,
        variables: Vec::new(),
        state: None,
    }
}

#[tokio::test]
async fn a_machine_that_keeps_the_streams_open_holds_no_call_up() {
    let folder = tempfile::tempdir().unwrap();
    let smolvm = program(&folder, "/bin/sleep 30 & echo $! >${0%/*}/pid");
    let start = std::time::Instant::now();
    smolvm.start("one").await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(20));
    let sleeper = std::fs::read_to_string(folder.path().join("pid")).unwrap();
    std::process::Command::new("kill")
        .arg(sleeper.trim())
        .status()
        .unwrap();
}

#[tokio::test]
async fn an_answer_without_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let endless = program(&folder, "exec /usr/bin/yes");
    assert!(matches!(endless.list().await, Err(CallError::TooMuch { .. })));
}

#[tokio::test]
async fn an_answer_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let other = program(&folder, "echo '[{\"name\": 3}]'");
    assert!(matches!(
        other.list().await,
        Err(CallError::Unexpected { status: 0, .. })
    ));
    assert!(matches!(other.version().await, Err(CallError::Unexpected { .. })));
}
