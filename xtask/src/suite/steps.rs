//! The steps of the suite, in the order in which they find out most per minute.

use std::process::Command;

use anyhow::{Context, Result};

use super::report::{Note, Outcome};
use super::skips::SkipLog;
use super::{agents, mcp, scanners, sshd, tools};
use crate::machine::Machine;
use crate::{dist, engine, lab, process};

/// One thing that has to hold.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Steps without which this one says nothing.
    pub(super) needs: &'static [&'static str],
    pub(super) run: fn(&Machine) -> Result<Outcome>,
    /// Whether it runs only when it is named: what takes as long as all others together.
    pub(super) by_name: bool,
}

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "the code is formatted",
        needs: &[],
        run: fmt,
        by_name: false,
    },
    Step {
        name: "clippy",
        about: "no lint warns",
        needs: &[],
        run: clippy,
        by_name: false,
    },
    Step {
        name: "docs",
        about: "the documentation builds without a warning",
        needs: &[],
        run: docs,
        by_name: false,
    },
    Step {
        name: "doctests",
        about: "the examples in the documentation hold",
        needs: &[],
        run: doctests,
        by_name: false,
    },
    Step {
        name: "tests",
        about: "all tests that need no engine",
        needs: &[],
        run: tests,
        by_name: false,
    },
    Step {
        name: "dist",
        about: "the static binaries build",
        needs: &[],
        run: static_binaries,
        by_name: false,
    },
    Step {
        name: "engine",
        about: "an engine answers and has the base image",
        needs: &[],
        run: docker_engine,
        by_name: false,
    },
    Step {
        name: "native",
        about: "all tests in namespaces, one with files that an engine exports",
        needs: &["dist"],
        run: native,
        by_name: false,
    },
    Step {
        name: "docker",
        about: "all tests in containers",
        needs: &["engine", "dist"],
        run: docker,
        by_name: false,
    },
    Step {
        name: "smol",
        about: "all tests in microVMs, on an emulated host",
        needs: &["dist"],
        run: microvms,
        by_name: true,
    },
    Step {
        name: "alone",
        about: "each crate builds by itself",
        needs: &[],
        run: alone,
        by_name: false,
    },
    Step {
        name: "deny",
        about: "licences, bans and sources of dependencies",
        needs: &[],
        run: deny,
        by_name: false,
    },
];

/// Tests that need an engine live in integration test binaries of such names, in whatever crate.
const NEEDS_ENGINE: &str = "(kind(test) & binary(~docker))";

/// The same for tests that need namespaces of users.
const NEEDS_NAMESPACES: &str = "(kind(test) & binary(~native))";

/// The same for tests that need microVMs: they run in the lab.
const NEEDS_MACHINES: &str = "(kind(test) & binary(~smol))";

/// The same for tests whose upstream is a real sshd.
const NEEDS_SSHD: &str = "binary(git_gate)";

fn fmt(machine: &Machine) -> Result<Outcome> {
    passes(machine.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(machine: &Machine) -> Result<Outcome> {
    passes(machine.cargo().args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs(machine: &Machine) -> Result<Outcome> {
    let mut cargo = machine.cargo();
    cargo.env("RUSTDOCFLAGS", "-D warnings");
    passes(cargo.args(["doc", "--locked", "--workspace", "--no-deps"]))
}

fn doctests(machine: &Machine) -> Result<Outcome> {
    passes(machine.cargo().args(["test", "--locked", "--workspace", "--doc"]))
}

/// The conformance suite of MCP servers is a tool; where it cannot be had, its test says so.
fn tests(machine: &Machine) -> Result<Outcome> {
    if let Err(error) = mcp::ensure(machine) {
        eprintln!("the MCP conformance suite is not there: {error:#}");
    }
    if let Err(error) = scanners::ensure(machine) {
        eprintln!("gitleaks and betterleaks are not there: {error:#}");
    }
    let anywhere = format!("not {NEEDS_ENGINE} & not {NEEDS_NAMESPACES} & not {NEEDS_MACHINES}");
    let Err(missing) = sshd::ensure(machine) else {
        return nextest(machine, &anywhere);
    };
    let outcome = nextest(machine, &format!("{anywhere} & not {NEEDS_SSHD}"))?;
    Ok(outcome.without(format!("the git gate's tests: {missing:#}")))
}

/// The real agents' programs are the host's there; where they cannot be had, their tests say so. So does the one test
/// whose files an engine exports, which is why the engine comes before.
fn native(machine: &Machine) -> Result<Outcome> {
    if let Err(error) = agents::ensure(machine) {
        eprintln!("claude and codex are not there: {error:#}");
    }
    if let Err(error) = sshd::ensure(machine) {
        eprintln!("the git gate's tests will be skipped: {error:#}");
    }
    process::run(
        machine
            .cargo()
            .args(["build", "--locked", "--package", "bottle-cli"]),
    )?;
    // A test links it once more; what it is made from is there by then.
    process::run(machine.cargo().args([
        "rustc",
        "--locked",
        "--package",
        "bottle-tests",
        "--bin",
        "static-client",
        "--",
        "-C",
        "target-feature=+crt-static",
    ]))?;
    nextest(machine, NEEDS_NAMESPACES)
}

fn docker(machine: &Machine) -> Result<Outcome> {
    process::run(
        machine
            .cargo()
            .args(["build", "--locked", "--package", "bottle-cli"]),
    )?;
    nextest(machine, NEEDS_ENGINE)
}

fn microvms(machine: &Machine) -> Result<Outcome> {
    if let Err(missing) = lab::ensure(machine)
        && !machine.may_install_packages()
    {
        return Ok(Outcome::Skipped(format!("{missing:#}")));
    }
    let passed = lab::suites::run(machine, &lab::suites::Options::all())?;
    let skipped = passed.skipped.iter().map(|line| Note::of_test(line));
    let flaky = passed.flaky.into_iter().map(Note::Flaky);
    Ok(Outcome::Passed(skipped.chain(flaky).collect()))
}

fn nextest(machine: &Machine, filter: &str) -> Result<Outcome> {
    tools::NEXTEST.ensure(machine)?;
    let skips = SkipLog::fresh(machine)?;
    let mut cargo = machine.cargo();
    cargo.args([
        "nextest",
        "run",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        "--no-tests=warn",
        "-E",
        filter,
    ]);
    if machine.ci {
        cargo.args(["--profile", "ci"]);
    }
    let printed = process::show(cargo.env(SkipLog::VARIABLE, skips.file()))?;
    let mut notes = skips.notes()?;
    notes.extend(printed.iter().filter_map(|line| flaky(line)));
    Ok(Outcome::Passed(notes))
}

/// A test that passed at its second try, from the line in nextest's summary.
fn flaky(line: &str) -> Option<Note> {
    let (_, test) = line.trim_start().strip_prefix("FLAKY ")?.split_once("] ")?;
    Some(Note::Flaky(test.trim_start().to_owned()))
}

fn static_binaries(machine: &Machine) -> Result<Outcome> {
    dist::build(machine, &dist::Options::fast())?;
    Ok(Outcome::PASSED)
}

/// Where nothing may be installed, an engine is the user's to bring.
fn docker_engine(machine: &Machine) -> Result<Outcome> {
    match engine::ensure(machine) {
        Err(missing) if !machine.may_install_packages() => Ok(Outcome::Skipped(format!("{missing:#}"))),
        done => done.map(|()| Outcome::PASSED),
    }
}

/// Features that another member of the workspace switches on must not be what makes a crate compile.
fn alone(machine: &Machine) -> Result<Outcome> {
    let metadata =
        process::output(
            machine
                .cargo()
                .args(["metadata", "--locked", "--no-deps", "--format-version=1"]),
        )?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let packages = metadata
        .get("packages")
        .and_then(|value| value.as_array())
        .context("no packages")?;
    for package in packages {
        let name = package
            .get("name")
            .and_then(|value| value.as_str())
            .context("a package without a name")?;
        process::run(
            machine
                .cargo()
                .args(["check", "--quiet", "--locked", "--package", name]),
        )?;
    }
    Ok(Outcome::PASSED)
}

/// Advisories are left out: their database lies elsewhere, and a suite must give the same answer twice.
fn deny(machine: &Machine) -> Result<Outcome> {
    tools::DENY.ensure(machine)?;
    passes(
        machine
            .cargo()
            .args(["deny", "--locked", "check", "bans", "licenses", "sources"]),
    )
}

fn passes(command: &mut Command) -> Result<Outcome> {
    process::show(command)?;
    Ok(Outcome::PASSED)
}
