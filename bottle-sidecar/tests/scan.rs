//! `bottle-sidecar scan` as a process.
#![cfg(test)]

mod common;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use common::sidecar::SIDECAR;
use serde_json::{Value, json};

/// Put together here, so that this file holds nothing that looks like a secret.
fn token() -> String {
    ["AKIA", "QRSTUV2WXYZ3ABCD"].concat()
}

/// Scans what stands on standard input and in a file of these bytes, named `it`.
fn scan(input: &[u8], file: &[u8], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("it"), file).unwrap();
    let mut command = Command::new(SIDECAR);
    command.arg("scan").args(arguments).current_dir(folder.path());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    process.wait_with_output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_finding_says_where_and_what_kind_and_never_the_value() {
    let text = format!("# mine\nid = {}\n", token());
    let output = scan(b"", text.as_bytes(), &["it"]);
    let expected = json!({
        "file": "it", "rule": "aws-access-key-id", "name": null, "line": 2, "offset": 12, "length": 20,
        "chain": [], "masked": "AKIA********",
    });
    assert_eq!(lines(&output), [expected]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!String::from_utf8_lossy(&output.stdout).contains(&token()[4..]));
}

#[test]
fn standard_input_and_files_are_scanned_in_the_order_in_which_they_are_named() {
    let text = format!("{}\n", token());
    let output = scan(text.as_bytes(), text.as_bytes(), &["it", "-"]);
    let files: Vec<Value> = lines(&output).iter().map(|line| line["file"].clone()).collect();
    assert_eq!(files, ["it", "-"]);
}

#[test]
fn nothing_found_is_success_and_silence() {
    let output = scan(b"", b"nothing to see\n", &["it"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_names_it() {
    let output = scan(b"", b"", &["missing"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("missing"));
}

#[test]
fn what_only_a_name_gives_away_can_be_left_out() {
    let value = ["q7Zt1Lw9Xk3Vb5Nm", "8Rj2Hs6Pd4Gf0YcA"].concat();
    let text = format!("api_key = \"{value}\"\n");
    let named = scan(b"", text.as_bytes(), &["it"]);
    let precise = scan(b"", text.as_bytes(), &["--precise", "it"]);
    assert_eq!((named.status.code(), precise.status.code()), (Some(1), Some(0)));
}

#[test]
fn something_that_was_not_looked_at_is_told() {
    // Nine packed streams side by side, none of which ends.
    let head = b"\x1f\x8b\x08\0\0\0\0\0\0\x03";
    let stored = b"\0\xff\xff\0\0";
    let open = [head.as_slice(), stored, b"text"].concat();
    let encoded = open.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let output = scan(b"", format!("{encoded}\n").repeat(9).as_bytes(), &["it"]);
    assert_eq!(lines(&output), [json!({"file": "it", "unread": ["open"]})]);
    assert_eq!(output.status.code(), Some(1));
}
