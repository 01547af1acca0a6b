//! Bottles in machines of their own: where they can be had.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::geteuid;

use super::native::{NO_ENGINE, SOMEBODY};
use super::programs::link_or_copy;
use super::skip::{Reason, skip};
use super::stage::Stage;

/// Names the archive of an image that the demo's agent runs in.
const IMAGE: &str = "BOTTLE_TEST_IMAGE";
/// The same for real agents, by the name of the provider behind it.
const REAL: &str = "BOTTLE_TEST_IMAGE_";
/// What smolvm reads of its environment.
const SETTINGS: &str = "SMOLVM_";

/// Makes a stage whose bottles run in machines of an ordinary user's, or says that this test is skipped.
pub fn machine_or_skip(test: &str) -> Result<Option<Stage>> {
    machine_with_or_skip(test, "demo", IMAGE)
}

/// The same, with an image that has the real program of a provider's in it.
pub(super) fn machine_of_or_skip(test: &str, provider: &str) -> Result<Option<Stage>> {
    machine_with_or_skip(test, provider, &format!("{REAL}{}", provider.to_uppercase()))
}

fn machine_with_or_skip(test: &str, provider: &str, variable: &str) -> Result<Option<Stage>> {
    let variables: Vec<(OsString, OsString)> = variables().collect();
    let image = variables.iter().find(|(name, _)| name == variable);
    let Some((_, image)) = image else {
        skip(
            test,
            Reason::Missing("microVMs; `cargo xtask test --only smol` runs this where they are"),
        )?;
        return Ok(None);
    };
    let mut stage = Stage::without_engine()?;
    stage.set("DOCKER_HOST", NO_ENGINE);
    stage.set("BOT_BOTTLE_BACKEND", "smol");
    for (name, value) in &variables {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str())
            && name.starts_with(SETTINGS)
        {
            stage.set(name, value);
        }
    }
    if geteuid().is_root() {
        stage.become_somebody(SOMEBODY)?;
    }
    let images = stage.bottle_home().join("images");
    fs::create_dir(&images)?;
    link_or_copy(Path::new(image), &images.join(provider).with_extension("tar"))?;
    // What smolvm makes of an image takes long, and is the same for all tests.
    symlink(cache()?, stage.home().join(".cache"))?;
    Ok(Some(stage))
}

fn cache() -> Result<PathBuf> {
    let folder = env::temp_dir().join("bottle-test-machines");
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(folder),
        made => made.with_context(|| folder.display().to_string())?,
    }
    if geteuid().is_root() {
        chown(&folder, Some(SOMEBODY), Some(SOMEBODY))?;
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the runner of the tests tells where machines can be had in no other way"
)]
fn variables() -> impl Iterator<Item = (OsString, OsString)> {
    env::vars_os()
}
