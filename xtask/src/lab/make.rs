//! Making the lab's disk and kernel, once for all checkouts of this user.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{Lab, boot};
use crate::engine::install_missing;
use crate::machine::Machine;
use crate::process;

pub(super) const DISK: &str = "host.img";
pub(super) const KERNEL: &str = "vmlinuz";
/// The Python package that brings smolvm, its library and its guest's kernel, in the version that is tested.
const SMOLVM: &str = "smolmachines==1.32.2";
const RELEASE: &str = "bookworm";
/// A kernel for virtual machines: small, and with the modules of a KVM host.
const KERNEL_PACKAGE: &str = "linux-image-cloud-amd64";
const PACKAGES: &str =
    "ca-certificates,git,openssh-client,openssh-server,procps,iproute2,kmod,python3-minimal,socat,strace";
/// Most of it is a hole: each machine has disks of 20 and 10 GiB that are as good as empty.
const DISK_BYTES: u64 = 48 << 30;
/// Programs that make and run it, and their packages.
const TOOLS: [(&str, &str); 11] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("debootstrap", "debootstrap"),
    ("mkfs.ext4", "e2fsprogs"),
    ("cpio", "cpio"),
    ("depmod", "kmod"),
    ("zstd", "zstd"),
    ("busybox", "busybox-static"),
    ("python3", "python3"),
    ("pip3", "python3-pip"),
    ("setpriv", "util-linux"),
    ("taskset", "util-linux"),
];

/// Makes the lab unless it is there, or says what that takes.
pub(crate) fn ensure(machine: &Machine) -> Result<Lab> {
    let folder = machine.tools.join("microvm-lab");
    fs::create_dir_all(&folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let recipe = format!("1 {SMOLVM} {RELEASE} {KERNEL_PACKAGE} {PACKAGES}\n");
    let made = folder.join("made");
    if fs::read_to_string(&made).is_ok_and(|made| made == recipe) {
        return Ok(Lab { folder });
    }
    if !machine.may_install_packages() {
        bail!("the microVM lab is not there; it is made by root on Debian, with `cargo xtask lab`");
    }
    install_missing(machine, &TOOLS)?;
    eprintln!(
        "making the microVM lab in {}; this takes minutes, once",
        folder.display()
    );
    let host = folder.join("host");
    for old in ["host", "kernel", "wheel", "modules"] {
        remove(&folder.join(old))?;
    }
    make_host(machine, &host)?;
    add_kernel(machine, &folder, &host)?;
    add_smolvm(machine, &folder, &host)?;
    fs::copy(program(machine, "busybox")?, folder.join("busybox"))?;
    make_disk(machine, &folder, &host)?;
    remove(&host)?;
    fs::write(&made, recipe)?;
    Ok(Lab { folder })
}

pub(super) fn program(machine: &Machine, name: &str) -> Result<PathBuf> {
    machine
        .find_program(name)
        .with_context(|| format!("there is no {name} on the search path"))
}

/// Removes a folder, and nothing that is mounted in it.
fn remove(folder: &Path) -> Result<()> {
    process::run(Command::new("rm").args(["-rf", "--one-file-system"]).arg(folder))
}

fn make_host(machine: &Machine, host: &Path) -> Result<()> {
    // What it mounts below the folder is gone with it, however it ends.
    let mut debootstrap = Command::new("unshare");
    debootstrap
        .args(["--mount", "--"])
        .arg(program(machine, "debootstrap")?)
        .args(["--variant=minbase", &format!("--include={PACKAGES}"), RELEASE]);
    process::run(debootstrap.arg(host).stdout(Stdio::null()))?;
    let user = "somebody:x:1000:1000::/home/somebody:/bin/bash\n";
    append(&host.join("etc/passwd"), user)?;
    append(&host.join("etc/group"), "somebody:x:1000:\n")?;
    let home = host.join("home/somebody");
    fs::create_dir_all(&home)?;
    std::os::unix::fs::chown(&home, Some(1000), Some(1000))?;
    fs::remove_dir_all(host.join("var/cache/apt"))?;
    Ok(fs::remove_dir_all(host.join("var/lib/apt/lists"))?)
}

fn append(file: &Path, text: &str) -> Result<()> {
    let before = fs::read_to_string(file)?;
    Ok(fs::write(file, before + text)?)
}

fn add_kernel(machine: &Machine, folder: &Path, host: &Path) -> Result<()> {
    let kernel = folder.join("kernel");
    fs::create_dir_all(&kernel)?;
    let named = process::output(Command::new("apt-cache").args(["depends", KERNEL_PACKAGE]))?;
    let package = named
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|name| name.starts_with("linux-image-"))
        .context("no kernel is known to apt")?;
    process::run(
        Command::new("apt-get")
            .args(["download", "-qq", package])
            .current_dir(&kernel),
    )?;
    let archive = only(&kernel, "")?;
    process::run(Command::new("dpkg").arg("-x").arg(&archive).arg(&kernel))?;
    fs::remove_file(&archive)?;
    fs::copy(only(&kernel.join("boot"), "vmlinuz-")?, folder.join(KERNEL))?;
    let modules = only(&kernel.join("lib/modules"), "")?;
    fs::create_dir_all(folder.join("modules"))?;
    for module in boot::modules() {
        let from = modules.join("kernel/drivers").join(format!("{module}.ko"));
        let name = from.file_name().context("a module has no name")?;
        fs::copy(&from, folder.join("modules").join(name)).with_context(|| from.display().to_string())?;
    }
    let there = host.join("lib/modules");
    fs::create_dir_all(&there)?;
    process::run(Command::new("cp").arg("-a").arg(&modules).arg(&there))?;
    let version = modules.file_name().context("modules have no version")?;
    process::run(
        Command::new(program(machine, "depmod")?)
            .arg("-b")
            .arg(host)
            .arg(version),
    )?;
    Ok(fs::remove_dir_all(kernel)?)
}

/// The entry of a folder whose name begins so; there must be one.
fn only(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        });
    found
        .next()
        .with_context(|| format!("{} is empty", folder.display()))
}

fn add_smolvm(machine: &Machine, folder: &Path, host: &Path) -> Result<()> {
    let wheel = folder.join("wheel");
    process::run(
        Command::new(program(machine, "pip3")?)
            .args(["download", "-q", "--no-deps", "-d"])
            .arg(&wheel)
            .arg(SMOLVM),
    )?;
    let archive = only(&wheel, "")?;
    let python = program(machine, "python3")?;
    process::run(
        Command::new(python)
            .args(["-m", "zipfile", "-e"])
            .arg(&archive)
            .arg(&wheel),
    )?;
    let (from, to) = (wheel.join("smol"), host.join("opt/smol"));
    fs::create_dir_all(&to)?;
    let files = [
        ("smol-vmm", 0o755),
        ("libkrun.so", 0o755),
        ("libkrunfw.so.5", 0o755),
        ("agent-rootfs.tar.zst", 0o644),
    ];
    for (name, mode) in files {
        fs::copy(from.join(name), to.join(name)).with_context(|| name.to_owned())?;
        fs::set_permissions(to.join(name), fs::Permissions::from_mode(mode))?;
    }
    // smolvm unpacks these once, beside itself: minutes under emulation, seconds here.
    for name in ["storage-template.ext4", "overlay-template.ext4"] {
        process::run(
            Command::new(program(machine, "zstd")?)
                .args(["-q", "-d", "-f", "--sparse"])
                .arg(from.join(format!("{name}.zst")))
                .arg("-o")
                .arg(to.join(name)),
        )?;
        // Ordinary users copy it.
        fs::set_permissions(to.join(name), fs::Permissions::from_mode(0o644))?;
    }
    // Not under its own name: as a link it finds its files wherever it is called from.
    fs::write(
        host.join("usr/local/bin/smolvm"),
        "#!/bin/sh\nSMOLVM_LIB_DIR=/opt/smol exec /opt/smol/smolvm \"$@\"\n",
    )?;
    fs::set_permissions(
        host.join("usr/local/bin/smolvm"),
        fs::Permissions::from_mode(0o755),
    )?;
    symlink("smol-vmm", to.join("smolvm"))?;
    Ok(fs::remove_dir_all(wheel)?)
}

fn make_disk(machine: &Machine, folder: &Path, host: &Path) -> Result<()> {
    let disk = folder.join(DISK);
    if disk.exists() {
        fs::remove_file(&disk)?;
    }
    File::create(&disk)?.set_len(DISK_BYTES)?;
    process::run(
        Command::new(program(machine, "mkfs.ext4")?)
            .args(["-q", "-F", "-d"])
            .arg(host)
            .arg(&disk),
    )
}
