//! The guest's file system stays as it was made: nothing is mounted, uncovered or made a device.

use anyhow::Result;

use crate::cell::Cell;

#[test]
fn the_file_system_stays_as_it_was_made() -> Result<()> {
    let Some(cell) = Cell::build_or_skip("the_file_system_stays_as_it_was_made")? else {
        return Ok(());
    };
    nothing_can_be_mounted(&cell)?;
    no_device_can_be_made(&cell)?;
    only_known_mounts_are_there(&cell)?;
    the_kernels_settings_cannot_be_written(&cell)
}

fn nothing_can_be_mounted(cell: &Cell) -> Result<()> {
    cell.refuses(&["mount", "tmpfs", "/mnt"])?;
    cell.refuses(&["mount", "bind", "/mnt"])?;
    cell.refuses(&["mount", "remount", "/"])?;
    cell.refuses(&["mount", "umount", "/mnt"])?;
    cell.refuses(&["mount-new"])
}

fn no_device_can_be_made(cell: &Cell) -> Result<()> {
    cell.refuses(&["device", "/tmp/null", "1", "3"])?;
    for device in [
        "/dev/mem",
        "/dev/kmsg",
        "/dev/vsock",
        "/dev/net/tun",
        "/dev/kvm",
        "/dev/fuse",
    ] {
        cell.refuses_untwinned(&["read", device])?;
    }
    Ok(())
}

/// Every mount is one that a bottle has, by the kernel's own list.
fn only_known_mounts_are_there(cell: &Cell) -> Result<()> {
    let mounts = cell.scene.shell("cut -d' ' -f5 /proc/self/mountinfo | sort -u")?;
    let of_the_engine = |place: &str| {
        let whole = [
            "/",
            "/dev",
            "/etc/hosts",
            "/etc/hostname",
            "/etc/resolv.conf",
            "/proc",
            "/sys",
        ];
        let below = ["/dev/", "/proc/", "/sys/"];
        whole.contains(&place) || below.iter().any(|folder| place.starts_with(folder))
    };
    let ours: Vec<&str> = mounts
        .stdout
        .lines()
        .filter(|place| !of_the_engine(place))
        .collect();
    assert!(
        ours.iter()
            .all(|place| ["/doors", "/home/node/workspace"].contains(place)),
        "{ours:?}"
    );
    let doors = cell
        .scene
        .shell("awk '$5 == \"/doors\" {print $6}' /proc/self/mountinfo")?;
    assert!(doors.stdout.starts_with("ro,"), "{doors:?}");
    Ok(())
}

fn the_kernels_settings_cannot_be_written(cell: &Cell) -> Result<()> {
    for file in [
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/sys/kernel/uevent_helper",
        "/proc/sys/kernel/modprobe",
    ] {
        cell.refuses_untwinned(&["write", file])?;
    }
    for file in ["/proc/kcore", "/proc/keys", "/proc/timer_list"] {
        cell.refuses_untwinned(&["read", file])?;
    }
    Ok(())
}
