//! What the text of the repository must and must not hold.

use std::fs;

use anyhow::Result;

use crate::workspace::{assert_none, load, root, text_files};

/// Lines of code in a `lib.rs`; more is a sign that it does something itself.
const LIB_LINES: usize = 40;

/// Assembled so that this file does not break its own rule.
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("py", "pi.org"),
    concat!("pythonhosted", ".org"),
    concat!("deb.", "debian.org"),
    concat!("ftp.", "debian.org"),
    concat!("rubygems", ".org"),
    concat!("docker", ".io/"),
];

const BANNED: &[(&str, &str)] = &[
    (
        concat!("#[", "allow("),
        "a lint is expected, with a reason, or obeyed",
    ),
    (
        concat!("#![", "allow("),
        "a lint is expected, with a reason, or obeyed",
    ),
    (
        concat!("#[", "ignore"),
        "a test runs, or says itself why it cannot",
    ),
    (concat!("todo", "!("), "what is not built is not there"),
];

/// What reaches beyond its arguments. Addresses of `std::net` do not; sockets would.
const EFFECTS: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "SystemTime",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "tokio",
];

fn find_in_rust(banned: &str) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (path, text) in text_files()? {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = text.lines().enumerate().filter(|(_, line)| line.contains(banned));
            findings.extend(lines.map(|(number, line)| format!("{}:{}: {line}", path.display(), number + 1)));
        }
    }
    Ok(findings)
}

#[test]
fn nothing_is_silenced() -> Result<()> {
    for (banned, reason) in BANNED {
        assert_none(reason, &find_in_rust(banned)?);
    }
    Ok(())
}

#[test]
fn no_registry_is_named() -> Result<()> {
    let mut findings = Vec::new();
    for (path, text) in text_files()? {
        let named = REGISTRIES.iter().filter(|registry| text.contains(**registry));
        findings.extend(named.map(|registry| format!("{}: {registry}", path.display())));
    }
    assert_none(
        "which registry is used is the machine's own configuration",
        &findings,
    );
    Ok(())
}

/// The library files of the workspace with their text.
fn libraries() -> Result<Vec<(String, String)>> {
    let mut libraries = Vec::new();
    for package in load()?.packages {
        let file = package.folder()?.join("src/lib.rs");
        if file.is_file() {
            libraries.push((
                file.strip_prefix(root()?)?.display().to_string(),
                fs::read_to_string(&file)?,
            ));
        }
    }
    Ok(libraries)
}

#[test]
fn a_lib_file_declares_and_documents_and_does_nothing() -> Result<()> {
    let mut findings = Vec::new();
    for (file, text) in libraries()? {
        let code = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count();
        if code >= LIB_LINES {
            findings.push(format!("{file}: {code} lines"));
        }
    }
    assert_none("a lib.rs stays under 40 lines of code", &findings);
    Ok(())
}

#[test]
fn every_library_shows_an_example_that_is_tested() -> Result<()> {
    let is_written = |text: &str| {
        text.lines()
            .any(|line| line.starts_with("mod ") || line.starts_with("pub mod "))
    };
    let has_example = |text: &str| {
        text.lines()
            .any(|line| ["//! ```", "//! ```rust", "//! ```no_run"].contains(&line))
    };
    let wrong = libraries()?
        .into_iter()
        .filter(|(_, text)| is_written(text) && !has_example(text));
    let wrong: Vec<String> = wrong.map(|(file, _)| file).collect();
    assert_none("crate docs hold a tested example", &wrong);
    Ok(())
}

#[test]
fn the_plan_does_nothing_to_the_world() -> Result<()> {
    let mut findings = Vec::new();
    for (path, text) in text_files()? {
        let in_plan = path.starts_with(root()?.join("bottle-plan/src"));
        if in_plan && path.file_name().is_some_and(|name| name != "tests.rs") {
            let used = EFFECTS.iter().filter(|effect| text.contains(**effect));
            findings.extend(used.map(|effect| format!("{}: {effect}", path.display())));
        }
    }
    assert_none("the plan is plain data", &findings);
    Ok(())
}
