//! Whether this system lets a user make namespaces, and what forbids it if not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bottle_backend::Availability;
use bottle_util::untrusted;

/// The most time that a try may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Settings that forbid it: the file, what it then holds, why, and what to do.
const FORBIDDEN: [(&str, &str, &str, &str); 3] = [
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "user namespaces are switched off (user.max_user_namespaces is 0)",
        "as root: sysctl user.max_user_namespaces=10000",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "user namespaces are for root only (kernel.unprivileged_userns_clone is 0)",
        "as root: sysctl kernel.unprivileged_userns_clone=1",
    ),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps user namespaces from ordinary programs (kernel.apparmor_restrict_unprivileged_userns is 1)",
        "give bottle-sidecar an AppArmor profile with `userns`, or as root: \
         sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
];

/// Looks at the settings, and tries it where the program for that is known.
pub(crate) async fn probe(binaries: Option<&Path>) -> Availability {
    if !cfg!(target_os = "linux") {
        return unusable("this is not Linux", "use another backend");
    }
    let tried = match binaries.map(|folder| folder.join("bottle-sidecar")) {
        Some(program) if program.is_file() => attempt(&program).await,
        _ => Ok(()),
    };
    let root = rustix::process::geteuid().is_root();
    match (tried, forbidding(root)) {
        // A setting may forbid to others what this program has a profile for.
        (Ok(()), Some((reason, hint))) if binaries.is_none() => unusable(reason, hint),
        (Err(_), Some((reason, hint))) => unusable(reason, hint),
        (Err(said), None) => unusable(
            &format!("a guest cannot be started: {said}"),
            "inside a container, use its own engine; else the kernel must be 5.12 or newer",
        ),
        (Ok(()), _) => Availability::Usable {
            detail: format!("Linux {} namespaces", release()),
            warnings: warnings(),
        },
    }
}

async fn attempt(program: &Path) -> Result<(), String> {
    let mut command = tokio::process::Command::new(program);
    command
        .args(["guest", "--probe"])
        .env_clear()
        .current_dir("/")
        .kill_on_drop(true);
    match tokio::time::timeout(LIMIT, command.output()).await {
        Err(_) => Err(format!("the try took longer than {LIMIT:?}")),
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(done)) if done.status.success() => Ok(()),
        Ok(Ok(done)) => Err(untrusted::line(String::from_utf8_lossy(&done.stderr).trim())),
    }
}

fn forbidding(root: bool) -> Option<(&'static str, &'static str)> {
    let settings = FORBIDDEN.iter().take(if root { 1 } else { FORBIDDEN.len() });
    let mut found =
        settings.filter(|(file, value, ..)| fs::read_to_string(file).is_ok_and(|text| text.trim() == *value));
    found.next().map(|(_, _, reason, hint)| (*reason, *hint))
}

/// The programs of a git gate, and where it looks for them.
const GIT_GATE: [&str; 4] = ["git", "ssh", "ssh-agent", "ssh-add"];
const FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

fn warnings() -> Vec<String> {
    let mut warnings = Vec::new();
    if !bottle_guest::groups_are_delegated() {
        warnings.push(
            "no group of processes is yours to make (cgroup v2 with memory and pids; systemd-run --user --scope gives \
             one): limits hold for each process, not for the bottle as a whole, memory is bounded only where a bottle \
             says `memory`, and processor time is not"
                .to_owned(),
        );
    }
    if fs::read_to_string("/sys/kernel/security/lsm").is_ok_and(|names| !names.contains("landlock")) {
        warnings.push(
            "the kernel has no Landlock: mounts and file owners are the only walls between files".to_owned(),
        );
    }
    warnings.extend(missing_for_git_gate());
    warnings
}

/// A sidecar on the host runs the host's programs.
fn missing_for_git_gate() -> Option<String> {
    let is_there = |name: &&str| {
        FOLDERS
            .iter()
            .any(|folder| Path::new(folder).join(name).is_file())
    };
    let missing: Vec<&str> = GIT_GATE.into_iter().filter(|name| !is_there(name)).collect();
    (!missing.is_empty()).then(|| {
        let names = missing.join(", ");
        format!("not installed: {names}; a bottle with repositories behind the git gate needs git, and OpenSSH's client for those over ssh")
    })
}

fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

fn unusable(reason: &str, hint: &str) -> Availability {
    Availability::Unusable {
        reason: reason.to_owned(),
        hint: hint.to_owned(),
    }
}
