//! Test binaries of the workspace's, run in the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};

use super::{FILES, Payload};
use crate::machine::Machine;
use crate::process;
use crate::suite::agents;

/// The suites: the package, its test binary, the name of the user in the lab that runs it, and how often a test is tried:
/// a machine in an emulated host dies now and then before it is up. The escape suite shows as root that an attempt works
/// without walls, and what gets out once gets out.
const SUITES: [(&str, &str, &str, usize); 3] = [
    ("bottle-backend-smol", "smol_conformance", "somebody", 2),
    ("bottle-tests", "smol_escape", "root", 1),
    ("bottle-tests", AGENTS, "root", 2),
];
/// The suite that runs real agents.
const AGENTS: &str = "smol_e2e";

/// What tests run there, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The most minutes that one try may take
    #[arg(long, value_name = "MINUTES", default_value_t = 60)]
    minutes: u64,
    /// Only the suite whose name holds this: conformance, escape, e2e
    #[arg(long, value_name = "NAME", default_value = "")]
    suite: String,
    /// Arguments of the test binaries: names, `--skip NAME`, `--exact`
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Options {
    /// All of all suites.
    pub(crate) fn all() -> Self {
        Self {
            minutes: 60,
            suite: String::new(),
            arguments: Vec::new(),
        }
    }
}

/// What came of it, when all passed.
#[derive(Debug)]
pub(crate) struct Passed {
    /// What tests said that they did not look at.
    pub(crate) skipped: Vec<String>,
    /// Tests that passed at their second try.
    pub(crate) flaky: Vec<String>,
}

/// Runs the suites of the smol backend in the lab, one test at a time.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<Passed> {
    let lab = super::ensure(machine)?;
    let folder = machine.target().join("microvm-lab/suite");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let suites = SUITES
        .into_iter()
        .filter(|(_, name, ..)| name.contains(&options.suite));
    let checkout = Checkout {
        folder: folder.join("checkout"),
        machine,
    };
    let mut list = String::new();
    for (package, name, user, tries) in suites {
        let binary = test_binary(machine, package, name)?;
        checkout.take(&binary, &format!("target/debug/deps/{name}"))?;
        list.push_str(&format!("{user} {name} {tries}\n"));
        if name == AGENTS {
            take_agents(machine, &folder.join("agents"))?;
        }
    }
    checkout.fill()?;
    fs::write(folder.join("suites"), list)?;
    fs::write(folder.join("root"), machine.root.as_os_str().as_encoded_bytes())?;
    let run = Path::new(FILES).join("suite/run.sh");
    copy(&machine.root.join(run), &folder.join("run.sh"))?;
    let arguments: String = options.arguments.iter().map(|word| format!("{word}\n")).collect();
    fs::write(folder.join("arguments"), arguments)?;
    fs::write(folder.join("done"), "")?;
    let payload = Payload {
        folder: &folder,
        results: None,
        limit: Duration::from_secs(60 * options.minutes),
    };
    let (mut ended, mut skipped) = (Ended::default(), Vec::new());
    lab.run(machine, &payload, &mut |tried| {
        ended.take(&tried.tests)?;
        skipped.extend_from_slice(&tried.skipped);
        fs::write(folder.join("done"), ended.seen.concat())?;
        Ok(!tried.tests.is_empty())
    })?;
    println!("{} tests passed in the lab", ended.passed.len());
    ensure!(
        ended.failed.is_empty(),
        "failed in the lab:\n{}",
        ended.failed.join("\n")
    );
    Ok(Passed {
        skipped,
        flaky: ended.flaky,
    })
}

/// How tests ended.
#[derive(Debug, Default)]
struct Ended {
    /// All of them, a line each: the suite and the test.
    seen: Vec<String>,
    passed: Vec<String>,
    flaky: Vec<String>,
    failed: Vec<String>,
}

impl Ended {
    /// Takes what `run.sh` says after each test.
    fn take(&mut self, lines: &[String]) -> Result<()> {
        for line in lines {
            let [suite, name, status, tries, _seconds] = line.split(' ').collect::<Vec<_>>()[..] else {
                bail!("the lab says of a test: {line}");
            };
            self.seen.push(format!("{suite} {name}\n"));
            let name = format!("{suite} {name}");
            match (status, tries) {
                ("0", "1") => self.passed.push(name),
                ("0", _) => {
                    self.flaky.push(name.clone());
                    self.passed.push(name);
                }
                (status, _) => self.failed.push(format!("{name} (status {status})")),
            }
        }
        Ok(())
    }
}

/// As much of this checkout as tests look for, each file where it is here.
struct Checkout<'a> {
    folder: PathBuf,
    machine: &'a Machine,
}

impl Checkout<'_> {
    fn take(&self, from: &Path, to: &str) -> Result<()> {
        let to = self.folder.join(to);
        fs::create_dir_all(to.parent().unwrap_or(&self.folder))?;
        copy(from, &to)
    }

    fn fill(&self) -> Result<()> {
        let target = self.machine.target();
        let dist = format!("dist/{}", std::env::consts::ARCH);
        for name in ["bottle-sidecar", "bottle-relay"] {
            let program = format!("{dist}/{name}");
            self.take(&target.join(&program), &format!("target/{program}"))?;
        }
        process::run(
            self.machine
                .cargo()
                .args(["build", "--locked", "--package=bottle-cli"]),
        )?;
        self.take(&target.join("debug/bottle"), "target/debug/bottle")?;
        let ignores = "bottle-backend/src/conformance/user-ignores";
        self.take(&self.machine.root.join(ignores), ignores)?;
        self.take_attempts()
    }

    /// The program of attempts is linked here: the lab has no compiler. It must look newer than its sources.
    fn take_attempts(&self) -> Result<()> {
        process::run(self.machine.cargo().args([
            "test",
            "--locked",
            "--package=bottle-tests",
            "--lib",
            "the_program_of_attempts_is_made",
        ]))?;
        let sources = self.machine.root.join("tests/guest");
        for source in fs::read_dir(sources)? {
            let source = source?;
            let name = format!("tests/guest/{}", source.file_name().to_string_lossy());
            self.take(&source.path(), &name)?;
            fs::File::options()
                .write(true)
                .open(self.folder.join(name))?
                .set_modified(SystemTime::UNIX_EPOCH)?;
        }
        let program = "target/debug/guest/attempt";
        self.take(&self.machine.root.join(program), program)
    }
}

/// Without them the tests that want them say so.
fn take_agents(machine: &Machine, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    match agents::programs(machine) {
        Ok(programs) => programs
            .iter()
            .try_for_each(|(name, program)| copy(program, &folder.join(name))),
        Err(error) => {
            eprintln!("SKIPPED real agents in microVMs: {error:#}");
            Ok(())
        }
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} is not there", from.display()))?;
    Ok(())
}

/// Builds a test binary and returns where it is.
fn test_binary(machine: &Machine, package: &str, name: &str) -> Result<PathBuf> {
    let printed = process::output(machine.cargo().args([
        "test",
        "--locked",
        "--no-run",
        "--message-format=json",
        &format!("--package={package}"),
        &format!("--test={name}"),
    ]))?;
    let messages = printed.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut executables = messages.filter_map(|message: serde_json::Value| {
        let executable = message.get("executable")?.as_str()?;
        let target = message.get("target")?.get("name")?.as_str()?;
        (target == name).then(|| PathBuf::from(executable))
    });
    executables
        .next()
        .with_context(|| format!("cargo names no test binary {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_has_ended_is_not_run_again_and_one_that_failed_is_told() {
        let mut ended = Ended::default();
        let lines = ["s a::b 0 1 12", "s c 0 2 30", "s d 101 2 9"].map(str::to_owned);
        ended.take(&lines).unwrap();
        assert_eq!(ended.passed, ["s a::b", "s c"]);
        assert_eq!(ended.seen.concat(), "s a::b\ns c\ns d\n");
        assert_eq!(ended.flaky, ["s c"]);
        assert_eq!(ended.failed, ["s d (status 101)"]);
        assert!(ended.take(&["s a 0".to_owned()]).is_err());
    }
}
