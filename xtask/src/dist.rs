//! The static binaries that run inside a sidecar and a guest, whatever image those have.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::machine::Machine;
use crate::{elf, process};

const BINARIES: [&str; 2] = ["bottle-sidecar", "bottle-relay"];

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The processor architecture to build for, as Rust names it
    #[arg(long, default_value = ARCH)]
    pub(crate) arch: String,
    /// Builds quickly instead of small: what tests use
    #[arg(long)]
    pub(crate) fast: bool,
}

impl Options {
    /// What users get.
    pub(crate) fn shipped() -> Self {
        Self {
            arch: ARCH.to_owned(),
            fast: false,
        }
    }

    /// What tests and the demo use.
    pub(crate) fn fast() -> Self {
        Self {
            arch: ARCH.to_owned(),
            fast: true,
        }
    }
}

/// Builds the binaries and puts them into `target/dist/<arch>`.
pub(crate) fn build(machine: &Machine, options: &Options) -> Result<()> {
    let triple = format!("{}-unknown-linux-gnu", options.arch);
    require_target(machine, &triple, &options.arch)?;
    let profile = if options.fast { "dist-fast" } else { "dist" };
    // A target folder of its own, since other flags would otherwise rebuild everything each time. The explicit
    // target keeps build scripts and procedural macros dynamic.
    let folder = machine.target().join("dist-build");
    let mut cargo = machine.cargo();
    cargo.args([
        "build",
        "--locked",
        "--package",
        "bottle-sidecar",
        "--bins",
        "--profile",
        profile,
    ]);
    cargo.args(["--target", &triple, "--target-dir"]).arg(&folder);
    cargo
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    process::run(&mut cargo)?;
    let destination = destination(machine, &options.arch);
    fs::create_dir_all(&destination)?;
    for name in BINARIES {
        install(
            &folder.join(&triple).join(profile).join(name),
            &destination.join(name),
        )?;
    }
    Ok(())
}

/// Where the binaries for an architecture lie.
pub(crate) fn destination(machine: &Machine, arch: &str) -> PathBuf {
    machine.target().join("dist").join(arch)
}

fn require_target(machine: &Machine, triple: &str, arch: &str) -> Result<()> {
    let rustc = machine
        .find_program("rustc")
        .context("there is no rustc on the search path")?;
    let sysroot = process::output(std::process::Command::new(rustc).args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(triple)
        .join("lib");
    if !library.is_dir() {
        bail!("the Rust standard library for {triple} is missing; `rustup target add {triple}` gets it");
    }
    if OS != "linux" || arch != ARCH {
        bail!(
            "a linker and a static C library for {triple} are needed, which this {OS} machine on {ARCH} is not known \
             to have; build on a Linux machine of that architecture and copy target/dist/{arch}"
        );
    }
    Ok(())
}

/// Replaces a binary in one step; one that has not changed keeps its file, and so its place in image caches.
fn install(built: &Path, place: &Path) -> Result<()> {
    elf::require_static(built)?;
    let bytes = fs::read(built)?;
    let size = bytes.len() as f64 / 1e6;
    if fs::read(place).is_ok_and(|present| present == bytes) {
        println!("{} ({size:.1} MB) is up to date", place.display());
        return Ok(());
    }
    let fresh = place.with_extension("new");
    fs::copy(built, &fresh)?;
    fs::rename(&fresh, place)?;
    println!("{} ({size:.1} MB)", place.display());
    Ok(())
}
