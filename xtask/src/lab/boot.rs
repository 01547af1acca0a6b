//! One boot of the lab.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::watch::{Limits, Tried, watch};
use super::{FILES, Lab, Payload, make};
use crate::machine::Machine;
use crate::process;

/// The disk that results are written to, as a tar.
pub(super) const RESULTS: &str = "results.tar";
/// The most bytes of results.
const MOST_RESULTS: u64 = 1 << 30;
/// The lab says every ten of its own seconds that it lives, which a busy machine makes long.
const SILENCE: Duration = Duration::from_secs(75);
/// What a disk needs beyond its files' bytes, in MiB.
const DISK_OVERHEAD: u64 = 64;
/// qemu's own threads change the interrupts that wait for an emulated processor without a lock while it enters and
/// leaves a machine, and now and then one is lost; a host that waits for the one tick that it has asked for hangs then.
/// A periodic tick brings what is lost with the next one, and threads of one processor do not meet within an instruction.
const COMMAND_LINE: &str =
    "console=ttyS0 loglevel=4 panic=1 mitigations=off nokaslr no_timer_check nohz=off highres=off";
const MODULES: [&str; 6] = [
    "virtio/virtio",
    "virtio/virtio_ring",
    "virtio/virtio_pci_modern_dev",
    "virtio/virtio_pci_legacy_dev",
    "virtio/virtio_pci",
    "block/virtio_blk",
];

impl Lab {
    /// Boots the lab with a payload, and waits until it is off.
    pub(super) fn boot(&self, machine: &Machine, payload: &Payload<'_>, work: &Path) -> Result<Tried> {
        ensure!(
            payload.folder.join("run.sh").is_file(),
            "{} has no run.sh",
            payload.folder.display()
        );
        let initrd = work.join("initrd.gz");
        make_initrd(machine, &self.folder, &initrd)?;
        let disk = work.join("payload.img");
        make_payload(machine, payload.folder, &disk)?;
        let results = work.join(RESULTS);
        File::create(&results)?.set_len(MOST_RESULTS)?;
        let drive =
            |file: &Path, options: &str| format!("file={},if=virtio,format=raw,{options}", file.display());
        // It ends with this program, however that ends.
        let mut qemu = Command::new(make::program(machine, "setpriv")?);
        qemu.args(["--pdeathsig", "KILL", "--"])
            .arg(make::program(machine, "taskset")?)
            .args(["--cpu-list", &last_processor()?])
            .arg(make::program(machine, "qemu-system-x86_64")?)
            .args(["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max"])
            .args([
                "-smp",
                "1",
                "-m",
                "8G",
                "-nic",
                "none",
                "-nographic",
                "-no-reboot",
            ])
            .arg("-kernel")
            .arg(self.folder.join(make::KERNEL))
            .arg("-initrd")
            .arg(&initrd)
            .args(["-append", COMMAND_LINE])
            .args(["-drive", &drive(&self.folder.join(make::DISK), "snapshot=on")])
            .args(["-drive", &drive(&disk, "readonly=on")])
            .args(["-drive", &drive(&results, "cache=unsafe")])
            // Where the changes to the snapshot go.
            .env("TMPDIR", work);
        let limits = Limits {
            whole: payload.limit,
            silence: SILENCE,
        };
        eprintln!("booting the lab; it has {} s", payload.limit.as_secs());
        watch(&mut qemu, limits)
    }
}

/// The last of the processors that this process may use; whoever else is there mostly begins with the first.
fn last_processor() -> Result<String> {
    let status = fs::read_to_string("/proc/self/status")?;
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let last = allowed.and_then(|list| list.trim().rsplit([',', '-']).next());
    Ok(last.context("no processor is allowed")?.to_owned())
}

fn make_payload(machine: &Machine, folder: &Path, disk: &Path) -> Result<()> {
    let used = process::output(Command::new("du").args(["-s", "-m"]).arg(folder))?;
    let used = used
        .split_whitespace()
        .next()
        .and_then(|size| size.parse::<u64>().ok());
    let used = used.context("du says no size")?;
    File::create(disk)?.set_len((used + used / 4 + DISK_OVERHEAD) << 20)?;
    process::run(
        Command::new(make::program(machine, "mkfs.ext4")?)
            .args(["-q", "-F", "-d"])
            .arg(folder)
            .arg(disk),
    )
}

/// The first program and the modules that it needs to find the disk.
fn make_initrd(machine: &Machine, lab: &Path, initrd: &Path) -> Result<()> {
    let tree = initrd.with_extension("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for folder in ["bin", "modules", "proc", "sys", "dev", "newroot"] {
        fs::create_dir_all(tree.join(folder))?;
    }
    let files = machine.root.join(FILES);
    let copies = [
        (lab.join("busybox"), "bin/busybox"),
        (files.join("initrd-init"), "init"),
        (files.join("lab-init"), "lab-init"),
        (files.join("lab-image"), "lab-image"),
    ];
    for (from, to) in copies {
        let to = tree.join(to);
        fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        let executable = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(&to, executable)?;
    }
    for module in MODULES {
        let name = module.rsplit('/').next().unwrap_or(module);
        let from = lab.join("modules").join(format!("{name}.ko"));
        fs::copy(&from, tree.join("modules").join(format!("{name}.ko")))
            .with_context(|| from.display().to_string())?;
    }
    let packed = process::output(Command::new("find").arg(".").current_dir(&tree))?;
    let list = tree.with_extension("list");
    fs::write(&list, packed)?;
    let cpio = Command::new(make::program(machine, "cpio")?)
        .args(["--quiet", "-o", "-H", "newc"])
        .current_dir(&tree)
        .stdin(File::open(&list)?)
        .stdout(File::create(initrd)?)
        .stderr(Stdio::inherit())
        .status()?;
    ensure!(cpio.success(), "cpio ended with {cpio}");
    Ok(())
}

/// The modules of the kernel that the initrd takes, below its folder of drivers.
pub(super) fn modules() -> impl Iterator<Item = &'static str> {
    MODULES.into_iter()
}
