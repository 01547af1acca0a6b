//! The suite on namespaces, for whoever runs it, and for an ordinary user as well when that is root.

mod harness;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

bottle_backend::conformance_suite!(crate::harness::native);

/// A user that nobody is.
const SOMEBODY: u32 = 61_000;

#[test]
fn all_of_it_holds_for_an_ordinary_user() {
    if !harness::is_root() {
        return;
    }
    // What a build leaves lies where not everybody may look.
    let folder = tempfile::tempdir().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open.clone()).unwrap();
    let copy = |from: &Path, name: &str| {
        let to = folder.path().join(name);
        std::fs::copy(from, &to).unwrap();
        std::fs::set_permissions(&to, open.clone()).unwrap();
        to
    };
    let suite = copy(&std::env::current_exe().unwrap(), "suite");
    for name in ["bottle-sidecar", "bottle-relay"] {
        let program = harness::binaries().join(name);
        if program.is_file() {
            copy(&program, name);
        }
    }
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    std::os::unix::fs::chown(&temporary, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let ran = Command::new(suite)
        .args([
            "--test-threads=2",
            "--skip",
            "all_of_it_holds_for_an_ordinary_user",
        ])
        .env(harness::BINARIES, folder.path())
        .env("TMPDIR", &temporary)
        .current_dir("/")
        .uid(SOMEBODY)
        .gid(SOMEBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
