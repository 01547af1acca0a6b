//! Promises about commands that are run to their end.

use std::time::{Duration, Instant};

use bottle_plan::size::ByteSize;
use bottle_plan::workspace::{Resources, WorkspaceSource};
use bottle_util::Secret;

use super::bottles::{lacks, sh, start, start_with, text};
use super::{Ability, Harness};
use crate::{ExecCommand, ExecError};

pub async fn the_status_is_the_commands_own(harness: &dyn Harness) {
    let run = start(harness).await;
    for status in [0, 1, 42, 255] {
        assert_eq!(run.sh(&format!("exit {status}")).await.status, status);
    }
    let missing = run.exec(&ExecCommand::agent(["/no/such/program"])).await;
    assert_eq!(missing.status, 127, "{}", text(&missing.stderr));
    let empty = run.bottle.exec(&ExecCommand::agent([] as [&str; 0])).await;
    assert!(matches!(empty, Err(ExecError::Empty)));
    run.end().await;
}

pub async fn a_signal_is_a_status(harness: &dyn Harness) {
    let run = start(harness).await;
    assert_eq!(run.sh("kill -KILL $$").await.status, 137);
    assert_eq!(run.sh("kill -TERM $$").await.status, 143);
    run.end().await;
}

pub async fn both_streams_arrive_apart(harness: &dyn Harness) {
    let run = start(harness).await;
    let done = run.sh("echo out; echo err >&2; printf more").await;
    assert_eq!(text(&done.stdout), "out\nmore");
    assert_eq!(text(&done.stderr), "err\n");
    run.end().await;
}

pub async fn every_byte_arrives(harness: &dyn Harness) {
    let run = start(harness).await;
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let command = ExecCommand {
        stdin: bytes.clone(),
        ..ExecCommand::agent(["cat"])
    };
    assert!(run.exec(&command).await.stdout == bytes);
    run.end().await;
}

pub async fn a_megabyte_of_input_arrives(harness: &dyn Harness) {
    let run = start(harness).await;
    let command = ExecCommand {
        stdin: vec![b'x'; 1 << 20],
        ..sh("wc -c | tr -d ' '")
    };
    assert_eq!(text(&run.exec(&command).await.stdout), "1048576\n");
    // Input that nobody reads holds nothing up.
    let unread = ExecCommand {
        stdin: vec![b'x'; 1 << 20],
        ..sh("exit 3")
    };
    assert_eq!(run.exec(&unread).await.status, 3);
    run.end().await;
}

pub async fn large_output_arrives_and_endless_output_is_refused(harness: &dyn Harness) {
    let run = start(harness).await;
    let done = run
        .sh("head -c 4000000 /dev/zero; head -c 4000000 /dev/zero >&2")
        .await;
    assert_eq!((done.stdout.len(), done.stderr.len()), (4_000_000, 4_000_000));
    let endless = run.bottle.exec(&sh("cat /dev/zero")).await;
    assert!(
        matches!(endless, Err(ExecError::TooMuchOutput { .. })),
        "{endless:?}"
    );
    run.end().await;
}

pub async fn arguments_are_read_by_no_shell(harness: &dyn Harness) {
    let run = start(harness).await;
    let words = [
        "a b",
        "",
        "$HOME",
        "*",
        "'\"\\",
        "line\nfeed",
        "naïve 日本",
        "--",
        "-n",
    ];
    let mut argv = vec![
        "/bin/sh",
        "-c",
        "for word; do printf '<%s>' \"$word\"; done",
        "sh",
    ];
    argv.extend(words);
    let expected: String = words.iter().map(|word| format!("<{word}>")).collect();
    let done = run.exec(&ExecCommand::agent(argv)).await;
    assert_eq!(text(&done.stdout), expected);
    run.end().await;
}

pub async fn variables_reach_one_command_only(harness: &dyn Harness) {
    let run = start(harness).await;
    let name = "BOTTLE_TEST_TOKEN"
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    let secret = Secret::from("s3cret value=with equals".to_owned());
    let command = sh("printf %s \"$BOTTLE_TEST_TOKEN\"").with_env(vec![(name, secret)]);
    assert_eq!(text(&run.exec(&command).await.stdout), "s3cret value=with equals");
    run.prints("printf %s \"${BOTTLE_TEST_TOKEN-unset}\"", "unset")
        .await;
    run.end().await;
}

pub async fn a_command_runs_where_it_was_told(harness: &dyn Harness) {
    let run = start(harness).await;
    run.prints("pwd", "/\n").await;
    run.prints("mkdir -p \"$HOME/a b\"", "").await;
    let home = text(&run.sh("printf %s \"$HOME\"").await.stdout);
    let there = format!("{home}/a b")
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    let done = run.exec(&sh("pwd").in_directory(there)).await;
    assert_eq!(text(&done.stdout), format!("{home}/a b\n"));
    let nowhere = "/no/such/folder"
        .parse()
        .unwrap_or_else(|error| panic!("{error}"));
    let refused = run.bottle.exec(&sh("true").in_directory(nowhere)).await;
    assert!(!matches!(refused, Ok(done) if done.status == 0));
    run.end().await;
}

pub async fn a_command_runs_as_whom_it_was_told(harness: &dyn Harness) {
    if lacks(harness, Ability::Users) {
        return;
    }
    let run = start(harness).await;
    run.prints("id -u; id -g", "1000\n1000\n").await;
    let root = run
        .exec(&ExecCommand::root([
            "/bin/sh",
            "-c",
            "id -u; id -g; echo $PATH; echo $HOME",
        ]))
        .await;
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(text(&root.stdout), format!("0\n0\n{path}\n/root\n"));
    run.end().await;
}

pub async fn a_command_past_its_limit_is_ended_with_its_children(harness: &dyn Harness) {
    let run = start(harness).await;
    let begun = Instant::now();
    // In a guest of its own, also children that want to be on their own are found.
    let script = match harness.has(Ability::Doors) {
        true => "sleep 3600 & (sleep 3600 &) ; setsid sleep 3600 & sleep 3600",
        false => "sleep 3600 & (sleep 3600 &) ; sleep 3600",
    };
    let command = ExecCommand {
        limit: Duration::from_secs(1),
        ..sh(script)
    };
    let done = run.bottle.exec(&command).await;
    assert!(matches!(done, Err(ExecError::TimedOut { .. })), "{done:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let left = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2>/dev/null | grep -cx 'sleep 3600 ' || true";
    if harness.has(Ability::Doors) {
        run.prints(left, "0\n").await;
    }
    run.end().await;
}

pub async fn a_child_that_stays_does_not_hold_a_command_up(harness: &dyn Harness) {
    let run = start(harness).await;
    let done = run.sh("sleep 60 & echo begun; exit 4").await;
    assert_eq!((done.status, text(&done.stdout).as_str()), (4, "begun\n"));
    run.end().await;
}

pub async fn commands_run_side_by_side(harness: &dyn Harness) {
    let run = start(harness).await;
    run.prints("mkfifo \"$HOME/a\" \"$HOME/b\"", "").await;
    // Each of the two waits for the other: one after the other would wait for ever.
    let one = sh("echo one > \"$HOME/a\"; cat \"$HOME/b\"");
    let two = sh("cat \"$HOME/a\"; echo two > \"$HOME/b\"");
    let (first, second) = tokio::join!(run.exec(&one), run.exec(&two));
    assert_eq!(
        (text(&first.stdout), text(&second.stdout)),
        ("two\n".to_owned(), "one\n".to_owned())
    );
    run.end().await;
}

pub async fn a_guest_has_no_variable_of_the_hosts(harness: &dyn Harness) {
    let run = start(harness).await;
    let env = text(&run.sh("env").await.stdout);
    for foreign in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "NEXTEST"] {
        assert!(!env.contains(foreign), "{env}");
    }
    assert!(env.contains("HTTPS_PROXY=http://egress:9099"), "{env}");
    assert!(
        env.contains("NO_PROXY=localhost,127.0.0.1,git-gate,supervise"),
        "{env}"
    );
    run.end().await;
}

pub async fn memory_and_processes_are_limited(harness: &dyn Harness) {
    if lacks(harness, Ability::Limits) {
        return;
    }
    let resources = Resources {
        memory: Some(ByteSize::from_bytes(128 << 20)),
        pids: Some(64),
        ..Resources::default()
    };
    let run = start_with(harness, WorkspaceSource::None, resources).await;
    let hungry = run.sh("head -c 400000000 /dev/zero | tail | wc -c").await;
    assert!(text(&hungry.stdout) != "400000000\n", "{}", text(&hungry.stdout));
    let forks = "i=0; while [ $i -lt 200 ]; do sleep 5 & i=$((i+1)); done 2>&1 | head -c 100";
    let forked = run.sh(forks).await;
    assert!(
        !forked.stdout.is_empty() || forked.status != 0,
        "200 processes under a limit of 64"
    );
    run.prints("echo alive", "alive\n").await;
    run.end().await;
}
