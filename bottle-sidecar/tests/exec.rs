//! `bottle-relay exec`: a program in a directory, entered from inside.
#![cfg(test)]

mod common;

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use common::RELAY;

/// Runs a shell line in a directory; returns the status, standard output and standard error.
fn run(cwd: &Path, argv: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(RELAY)
        .current_dir("/")
        .args(["exec", "--cwd"])
        .arg(cwd)
        .arg("--")
        .args(argv)
        .env("GREETING", "hello")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_program_runs_in_the_directory_with_its_environment_and_status() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let (status, stdout, stderr) = run(&folder, &["sh", "-c", "pwd -P; echo $GREETING; exit 42"]);
    assert_eq!(stderr, "");
    assert_eq!(stdout, format!("{}\nhello\n", folder.display()));
    assert_eq!(status, Some(42));
}

#[test]
fn statuses_are_those_of_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain");
    fs::write(&file, "not a program").unwrap();
    assert_eq!(run(Path::new("/"), &["no-such-program"]).0, Some(127));
    assert_eq!(run(Path::new("/"), &[file.to_str().unwrap()]).0, Some(126));
    assert_eq!(run(&folder.path().join("missing"), &["true"]).0, Some(125));
    let (status, _, stderr) = run(&file, &["true"]);
    assert_eq!(status, Some(125));
    assert!(stderr.starts_with("relay: cannot enter "), "{stderr}");
}

#[test]
fn exec_cwd_symlink_to_fd_refused() {
    let folder = tempfile::tempdir().unwrap();
    // What a leaking engine leaves open: a directory outside, inherited by the exec.
    let outside = fs::File::open("/").unwrap();
    rustix::io::fcntl_setfd(&outside, rustix::io::FdFlags::empty()).unwrap();
    let through_descriptor = format!("/proc/self/fd/{}", outside.as_raw_fd());
    let link = folder.path().join("work");
    symlink(&through_descriptor, &link).unwrap();
    let attempts = [
        Path::new(&through_descriptor),
        &link,
        &link.join("tmp"),
        Path::new("/proc/self/cwd"),
        Path::new("/proc/self/root/tmp"),
        Path::new("/proc/self/fd"),
        Path::new("/proc"),
    ];
    for attempt in attempts {
        let (status, stdout, stderr) = run(attempt, &["echo", "ran"]);
        assert_eq!(
            (status, stdout.as_str()),
            (Some(125), ""),
            "{attempt:?}: {stderr}"
        );
    }
}

#[test]
fn an_ordinary_link_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("work");
    symlink("/usr/bin", &link).unwrap();
    let (status, stdout, _) = run(&link, &["pwd", "-P"]);
    assert_eq!((status, stdout.as_str()), (Some(0), "/usr/bin\n"));
}

#[test]
fn descriptors_that_leaked_in_are_closed() {
    let leaked = fs::File::open("/").unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let (_, stdout, _) = run(Path::new("/"), &["sh", "-c", "ls -l /proc/$$/fd"]);
    assert!(!stdout.contains("-> /\n"), "{stdout}");
}
