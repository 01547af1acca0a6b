//! Where the programs under test were built to.

use std::env::{self, consts::ARCH};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The `bottle` command, as built beside the running test.
pub fn bottle() -> Result<PathBuf> {
    let program = profile_folder()?.join("bottle");
    ensure!(
        program.is_file(),
        "{} is missing; `cargo build --package bottle-cli` makes it",
        program.display()
    );
    Ok(program)
}

/// The folder with the static programs for this machine's architecture.
pub fn dist_folder() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the tests lie in no folder")?;
    let folder = root.join("target/dist").join(ARCH);
    let complete = ["bottle-sidecar", "bottle-relay"]
        .iter()
        .all(|name| folder.join(name).is_file());
    ensure!(
        complete,
        "{} is incomplete; `cargo xtask dist --fast` fills it",
        folder.display()
    );
    Ok(folder)
}

/// A client that knows no proxy and holds all of itself, as real static programs do. It is linked here: the rest of the
/// build is not static, and the crates that it is made from are there already.
pub fn static_client() -> Result<PathBuf> {
    const NAME: &str = "static-client";
    let folder = profile_folder()?;
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "rustc",
            "--quiet",
            "--locked",
            "--offline",
            "--package",
            "bottle-tests",
            "--bin",
            NAME,
        ])
        .args(profile_of(&folder))
        .args(["--", "-C", "target-feature=+crt-static"])
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in of_the_test() {
        cargo.env_remove(name);
    }
    let made = cargo.output().context("cannot start cargo")?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(folder.join(NAME))
}

/// Variables that only a test has. Build scripts run again when they change, and all that depends on those is built again.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells tests about their package in no other way"
)]
fn of_the_test() -> impl Iterator<Item = std::ffi::OsString> {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "NEXTEST"];
    let names = env::vars_os().map(|(name, _)| name);
    names.filter(move |name| {
        let name = name.to_string_lossy();
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// The flags by which the same profile, in the same folder, is built again.
fn profile_of(folder: &Path) -> Vec<String> {
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let profile = match name(folder).as_str() {
        "debug" => "dev".to_owned(),
        other => other.to_owned(),
    };
    let target = folder.parent().unwrap_or(folder).to_string_lossy().into_owned();
    vec!["--profile".to_owned(), profile, "--target-dir".to_owned(), target]
}

/// Test programs lie in `target/<profile>/deps`, all others one folder above.
pub(crate) fn profile_folder() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let mut folder = program.parent().context("the program lies in no folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("the program lies in no build folder")?;
    }
    Ok(folder.to_owned())
}

/// Puts a file under another name where that is possible, and else a copy of it.
pub(super) fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    if std::fs::hard_link(from, to).is_err() {
        std::fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(())
}

/// The folder with the real agents' programs, which `cargo xtask test` fills outside of the checkout.
pub(super) fn agents_folder() -> Option<PathBuf> {
    let folder = cache()?.join("bottle-tools/agents");
    folder.join("bin").is_dir().then_some(folder)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tools of a build lie where their user's caches do"
)]
fn cache() -> Option<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    named.or_else(|| Some(env::home_dir()?.join(".cache")))
}
