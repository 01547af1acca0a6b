//! Promises about what of the machine a guest's processes see and may do, however they were started.

use tokio::io::AsyncReadExt;

use super::bottles::{Running, chain, lacks, sh, start, text};
use super::{Ability, Harness};
use crate::{ExecCommand, TerminalSize};

/// What the kernel says of a process's rights: no capability, none to be had, a filter, no way to more.
const RIGHTS: &str =
    "grep -E '^(CapEff|CapPrm|CapInh|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'";
const NONE: &str = "CapInh:0000000000000000\nCapPrm:0000000000000000\nCapEff:0000000000000000\n\
                    CapBnd:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\nSeccomp:2\n";

pub async fn every_command_and_session_is_as_restricted_as_the_next(harness: &dyn Harness) {
    if lacks(harness, Ability::Doors) {
        return;
    }
    let run = start(harness).await;
    run.prints(RIGHTS, NONE).await;
    let size = TerminalSize {
        columns: 80,
        rows: 24,
    };
    for terminal in [None, Some(size)] {
        let session = run.bottle.exec_agent(&sh(RIGHTS), terminal).await;
        let mut session = session.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let mut printed = Vec::new();
        let read = session.output.read_to_end(&mut printed).await;
        assert!(read.is_ok(), "{read:?}");
        assert_eq!(
            text(&printed).replace('\r', ""),
            NONE,
            "on a terminal: {}",
            terminal.is_some()
        );
    }
    // Root's commands prepare the guest; what they start gains nothing either.
    let root = ExecCommand::root([
        "/bin/sh",
        "-c",
        "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status",
    ]);
    assert_eq!(
        text(&run.exec(&root).await.stdout),
        "NoNewPrivs:\t1\nSeccomp:\t2\n"
    );
    run.end().await;
}

/// Runs lines of shell, each of which must fail or print nothing, as the agent and as root.
async fn refused(run: &Running, lines: &[&str]) {
    for line in lines {
        for command in [sh(line), ExecCommand::root(["/bin/sh", "-c", line])] {
            let done = run.exec(&command).await;
            assert!(
                done.status != 0 || done.stdout.is_empty(),
                "{line} as {:?}: {:?}",
                command.user,
                text(&done.stdout)
            );
        }
    }
}

pub async fn what_the_kernel_tells_of_the_machine_is_masked(harness: &dyn Harness) {
    if lacks(harness, Ability::Doors) {
        return;
    }
    let run = start(harness).await;
    refused(
        &run,
        &[
            "head -c 1 /proc/kcore",
            "head -c 1 /proc/keys",
            "head -c 1 /proc/timer_list",
            "head -c 1 /proc/kmsg",
            "head -c 1 /proc/sched_debug",
            "ls -A /proc/acpi /proc/scsi",
            "ls -A /sys/firmware",
            "ls -A /sys/fs/bpf",
            "ls /sys/class/net | grep -v '^lo$'",
            "echo x > /proc/sys/kernel/hostname && echo written",
            "echo 1 > /proc/sys/net/ipv4/ip_forward && echo written",
            "echo b > /proc/sysrq-trigger && echo written",
            "echo 0 > /proc/irq/default_smp_affinity && echo written",
            "mkdir /sys/kernel/x && echo made",
            "mount -t tmpfs none /tmp && echo mounted",
            "unshare -U true && echo unshared",
            "dmesg | head -n 1",
        ],
    )
    .await;
    run.end().await;
}

pub async fn only_harmless_devices_are_there(harness: &dyn Harness) {
    if lacks(harness, Ability::Doors) {
        return;
    }
    let run = start(harness).await;
    let devices = "find /dev -type b -o -type c ! -path '/dev/pts/*' | sort | xargs";
    let done = run.sh(devices).await;
    let known = [
        "console", "full", "null", "random", "tty", "urandom", "zero", "ptmx",
    ];
    for device in text(&done.stdout).split_whitespace() {
        let name = device.trim_start_matches("/dev/");
        assert!(known.contains(&name), "{device} is there");
    }
    run.prints(
        "printf x > /dev/null; head -c 3 /dev/zero | wc -c | tr -d ' '; head -c 3 /dev/urandom | wc -c | tr -d ' '",
        "3\n3\n",
    )
    .await;
    refused(
        &run,
        &[
            "mknod \"$HOME/disk\" b 254 0 && echo made",
            "mknod /tmp/memory c 1 1 && echo made",
        ],
    )
    .await;
    run.end().await;
}
