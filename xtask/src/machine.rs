//! What the tasks know about the machine they run on, read once.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// The machine and the checkout.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The root of the checkout.
    pub(crate) root: PathBuf,
    /// Whether this is an automatic run, where a skip needs a reason that no installation could remove.
    pub(crate) ci: bool,
    /// `DOCKER_HOST`, if the user chose an engine.
    pub(crate) docker_host: Option<String>,
    /// Where tools are installed that the machine lacks: outside the checkout, so that clones share them.
    pub(crate) tools: PathBuf,
    cargo: OsString,
    path: OsString,
    inherited: Vec<OsString>,
}

impl Machine {
    #[expect(
        clippy::disallowed_methods,
        reason = "a binary's one place that reads the environment"
    )]
    pub(crate) fn here() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("the checkout has no root")?;
        let cache = env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| env::home_dir().map(|home| home.join(".cache")))
            .context("neither XDG_CACHE_HOME nor a home directory is known")?;
        let tools = cache.join("bottle-tools");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(env::split_paths(&path).chain([tools.join("bin")]))?;
        Ok(Self {
            root: root.to_owned(),
            ci: env::var_os("CI").is_some_and(|value| value == "true"),
            docker_host: env::var("DOCKER_HOST").ok().filter(|value| !value.is_empty()),
            tools,
            cargo: env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            path,
            inherited: env::vars_os()
                .map(|(name, _)| name)
                .filter(is_of_this_package)
                .collect(),
        })
    }

    /// A cargo that does not notice that another cargo started this program, and so rebuilds nothing for it.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(&self.root).env("PATH", &self.path);
        for name in &self.inherited {
            command.env_remove(name);
        }
        command
    }

    /// The folder for what the build makes.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// The first file of that name on the search path.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let sbin = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
        env::split_paths(&self.path)
            .chain(sbin)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    }

    /// Whether packages may be installed here without asking anybody: root on Debian or a descendant.
    pub(crate) fn may_install_packages(&self) -> bool {
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        root && Path::new("/etc/debian_version").exists() && self.find_program("apt-get").is_some()
    }
}

/// Variables that `cargo run` sets for this program; build scripts of others (ring's) start again when they change.
fn is_of_this_package(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
