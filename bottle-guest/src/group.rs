//! A guest's own group of processes (cgroups(7), the second version), where this user may make one.
//!
//! It bounds the guest as a whole. Without one only the limits of each process hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::Access;
use rustix::process::Pid;

use crate::spec::Limits;

/// The file in a guest's folder that names its group.
pub const GROUP: &str = "group";
/// What the names of all groups begin with.
const PREFIX: &str = "bottle-";
/// What a group must be able to bound.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];
/// The stretch of time within which processor time is counted, in microseconds.
const PERIOD: u64 = 100_000;
/// How long the kernel may take to let go of a group whose processes have ended.
const END: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);

/// Tells whether guests of this process get groups of their own.
#[must_use]
pub fn groups_are_delegated() -> bool {
    parent().is_some()
}

/// Removes the group that a guest's folder names, if it is there and has no process any more. Those of a keeper that was
/// killed may take a moment to end.
pub fn remove_group(folder: &Path) {
    let file = folder.join(GROUP);
    let Ok(named) = fs::read_to_string(&file) else {
        return;
    };
    let path = Path::new(&named);
    let name = path.file_name().and_then(|name| name.to_str());
    if name.is_none_or(|name| !name.starts_with(PREFIX)) {
        return;
    }
    // Else it holds processes of somebody who entered it, and is still named.
    if remove_when_empty(path) {
        let _named_again = fs::remove_file(file);
    }
}

/// A group for one guest.
#[derive(Debug)]
pub(crate) struct Group {
    path: PathBuf,
}

impl Group {
    /// Makes a group beside this process's own, and writes down where; none where that is not this user's to do.
    pub(crate) fn make(folder: &Path, name: &str, limits: &Limits) -> io::Result<Option<Self>> {
        let Some(parent) = parent() else {
            return Ok(None);
        };
        remove_group(folder);
        let path = parent.join(format!("{PREFIX}{name}-{}", std::process::id()));
        fs::write(folder.join(GROUP), path.to_string_lossy().as_bytes())?;
        fs::create_dir(&path)?;
        let group = Self { path };
        match group.bound(limits) {
            Ok(()) => Ok(Some(group)),
            Err(error) => {
                group.remove();
                Err(error)
            }
        }
    }

    fn bound(&self, limits: &Limits) -> io::Result<()> {
        for (file, value) in settings(limits) {
            match fs::write(self.path.join(file), value) {
                // Not every kernel counts swapped memory or processor time.
                Err(error) if error.kind() == io::ErrorKind::NotFound && OPTIONAL.contains(&file) => {}
                written => written?,
            }
        }
        Ok(())
    }

    /// Puts a process into it, and all that it will start.
    pub(crate) fn add(&self, process: Pid) -> io::Result<()> {
        let number = process.as_raw_nonzero().to_string();
        fs::write(self.path.join("cgroup.procs"), number)
    }

    /// Removes it once its processes are gone.
    pub(crate) fn remove(&self) {
        remove_when_empty(&self.path);
    }
}

/// Tells whether the group is gone.
fn remove_when_empty(path: &Path) -> bool {
    let deadline = Instant::now() + END;
    while let Err(error) = fs::remove_dir(path) {
        if error.kind() == io::ErrorKind::NotFound {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

const OPTIONAL: [&str; 2] = ["memory.swap.max", "cpu.max"];

fn settings(limits: &Limits) -> Vec<(&'static str, String)> {
    let mut settings = vec![("pids.max", limits.processes.to_string())];
    if let Some(bytes) = limits.memory {
        settings.push(("memory.max", bytes.to_string()));
        settings.push(("memory.swap.max", "0".to_owned()));
    }
    if let Some(thousandths) = limits.millicpus {
        let quota = u64::from(thousandths) * PERIOD / 1000;
        settings.push(("cpu.max", format!("{} {PERIOD}", quota.max(1000))));
    }
    settings
}

/// Returns the group in which this process's own lies, if another can be made in it.
fn parent() -> Option<PathBuf> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let parent = parent_of(&own, &mounts)?;
    bounds_others(&parent).then_some(parent)
}

/// Finds the group above the one that `/proc/self/cgroup` names, as a path (proc_pid_mountinfo(5)).
fn parent_of(own: &str, mounts: &str) -> Option<PathBuf> {
    let own = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounted = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        (after.split(' ').next()? == "cgroup2").then_some((root, point))
    });
    let (root, point) = mounted?;
    let below = Path::new(own).strip_prefix(root).ok()?;
    // The mount's own root has no group above it here.
    let parent = below.parent()?;
    Some(Path::new(point).join(parent))
}

/// Tells whether groups in this one can be bounded, and are this user's to make.
fn bounds_others(parent: &Path) -> bool {
    let Ok(enabled) = fs::read_to_string(parent.join("cgroup.subtree_control")) else {
        return false;
    };
    let enabled: Vec<&str> = enabled.split_whitespace().collect();
    let writable = |path: &Path| rustix::fs::access(path, Access::WRITE_OK).is_ok();
    CONTROLLERS.iter().all(|controller| enabled.contains(controller))
        && writable(parent)
        && writable(&parent.join("cgroup.procs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "24 1 0:22 / /sys rw shared:7 - sysfs sysfs rw\n\
                          25 24 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn the_group_above_ones_own_is_found() {
        let check = |own: &str, mounts: &str, expected: Option<&str>| {
            assert_eq!(parent_of(own, mounts), expected.map(PathBuf::from), "{own}");
        };
        let user = "/user.slice/user-1000.slice/user@1000.service/app.slice";
        check(
            &format!("0::{user}/terminal.scope\n"),
            MOUNTS,
            Some(&format!("/sys/fs/cgroup{user}")),
        );
        check("0::/one\n", MOUNTS, Some("/sys/fs/cgroup/"));
        check("0::/\n", MOUNTS, None);
        check("4:memory:/x\n", MOUNTS, None);
        check("4:memory:/x\n0::/a/b\n", MOUNTS, Some("/sys/fs/cgroup/a"));
        check("0::/a/b\n", "24 1 0:22 / /sys rw - sysfs sysfs rw\n", None);
        let inner = "25 24 0:23 /a/b /cg rw - cgroup2 cgroup2 rw\n";
        check("0::/a/b/c\n", inner, Some("/cg/"));
        check("0::/other\n", inner, None);
    }

    #[test]
    fn a_group_that_bounds_nothing_or_is_anothers_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let check = |enabled: &str, expected: bool| {
            fs::write(folder.path().join("cgroup.subtree_control"), enabled).unwrap();
            assert_eq!(bounds_others(folder.path()), expected, "{enabled}");
        };
        check("memory pids\n", false);
        fs::write(folder.path().join("cgroup.procs"), "").unwrap();
        check("memory pids\n", true);
        check("cpu io memory pids\n", true);
        check("memory\n", false);
        check("", false);
    }

    #[test]
    fn limits_become_the_kernels_settings() {
        let limits = Limits {
            processes: 7,
            memory: Some(1 << 20),
            millicpus: Some(1500),
            open_files: 1,
        };
        let expected = [
            ("pids.max", "7"),
            ("memory.max", "1048576"),
            ("memory.swap.max", "0"),
            ("cpu.max", "150000 100000"),
        ];
        assert_eq!(
            settings(&limits),
            expected.map(|(file, value)| (file, value.to_owned()))
        );
        let few = Limits {
            memory: None,
            millicpus: None,
            ..limits
        };
        assert_eq!(settings(&few), [("pids.max", "7".to_owned())]);
    }

    #[test]
    fn only_a_group_of_ours_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let removed = |name: &str| {
            let group = folder.path().join(name);
            fs::create_dir(&group).unwrap();
            fs::write(folder.path().join(GROUP), group.to_str().unwrap()).unwrap();
            remove_group(folder.path());
            !group.exists()
        };
        assert!(!removed("another"));
        assert!(folder.path().join(GROUP).exists());
        assert!(removed("bottle-a-1"));
        assert!(!folder.path().join(GROUP).exists(), "nobody looks for it again");
    }
}
