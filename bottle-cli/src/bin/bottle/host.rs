//! Reads the host: environment, folders, clock, identity of this process, root store, addresses.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bottle_cli::exit::Exit;
use bottle_cli::host::process_started;
use bottle_cli::{Host, Process};
use bottle_util::Secret;

use crate::report::Failure;

/// Where Debian and its relatives keep the bundle of all roots, company ones included.
const SYSTEM_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Reads what no library may look up by itself.
pub(crate) fn read(sidecar_dir: Option<PathBuf>) -> Result<Host, Failure> {
    let home = home()?;
    let bottle_home = variable("BOT_BOTTLE_HOME").map_or_else(|| home.join(".bot-bottle"), PathBuf::from);
    let directory = directory()?;
    Ok(Host {
        variables: variables(),
        bottle_home: absolute(&directory, bottle_home),
        home,
        sidecar_folders: sidecar_folders(sidecar_dir, executable().as_deref()),
        addresses: addresses(),
        roots: roots(),
        build_ca: build_ca(&directory),
        docker_socket: variable("DOCKER_HOST").map(|host| docker_socket(&host)),
        directory,
        process: process(),
        clock: Arc::new(now),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variables() -> std::collections::BTreeMap<String, Secret> {
    let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, Secret::from(value.into_string().ok()?)))
    };
    std::env::vars_os().filter_map(utf8).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks for the home folder"
)]
fn home() -> Result<PathBuf, Failure> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    home.ok_or_else(|| Failure::words(Exit::Usage, "you have no home folder").hint("set HOME".to_owned()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks for the working folder"
)]
fn directory() -> Result<PathBuf, Failure> {
    Ok(std::env::current_dir()?)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The local socket that the user names. Whatever else they name is a socket that does not exist, which says so: an
/// engine that they do not mean is never taken instead.
fn docker_socket(host: &str) -> PathBuf {
    PathBuf::from(host.strip_prefix("unix://").unwrap_or(host))
}

fn executable() -> Option<PathBuf> {
    std::env::current_exe().ok()?.canonicalize().ok()
}

fn absolute(directory: &Path, path: PathBuf) -> PathBuf {
    if path.is_absolute() {
        path
    } else {
        directory.join(path)
    }
}

/// Where the sidecar's programs may lie: as told, beside the command, or where packages put them.
fn sidecar_folders(told: Option<PathBuf>, executable: Option<&Path>) -> Vec<PathBuf> {
    if let Some(told) = told {
        return vec![told];
    }
    let Some(beside) = executable.and_then(Path::parent) else {
        return Vec::new();
    };
    let arch = std::env::consts::ARCH;
    let libexec = beside.join("../libexec/bottle").join(arch);
    // A command that cargo has built lies beside programs that need a loader, which the sidecar's image has not:
    // what `cargo xtask dist` has filled comes first.
    let dist = beside.join("../dist").join(arch);
    vec![dist, beside.to_owned(), libexec]
}

fn roots() -> Vec<Vec<u8>> {
    let loaded = rustls_native_certs::load_native_certs();
    for error in &loaded.errors {
        tracing::warn!(%error, "a root certificate of the host is left out");
    }
    loaded
        .certs
        .into_iter()
        .map(|certificate| certificate.to_vec())
        .collect()
}

fn addresses() -> Vec<std::net::IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces.into_iter().map(|interface| interface.ip()).collect()
}

/// The bundle that image builds trust: the one that tools on this host are told to use.
fn build_ca(directory: &Path) -> Option<PathBuf> {
    let told = variable("SSL_CERT_FILE").map(PathBuf::from);
    let bundle = absolute(directory, told.unwrap_or_else(|| PathBuf::from(SYSTEM_BUNDLE)));
    bundle.is_file().then_some(bundle)
}

fn process() -> Process {
    let pid = std::process::id();
    let read = |path: &str| {
        std::fs::read_to_string(path)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let uid = rustix::process::getuid().as_raw();
    Process {
        machine: bottle_cli::machine_label(&read("/etc/machine-id")),
        boot: read("/proc/sys/kernel/random/boot_id"),
        uid,
        pid,
        pid_started: process_started(pid).unwrap_or_default(),
    }
}
