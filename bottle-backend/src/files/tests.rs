use std::fs;
use std::path::{Path, PathBuf};

use super::*;

const OWNER: TarOwner = TarOwner { uid: 1000, gid: 1000 };

fn entry(path: &str, kind: EntryKind) -> Entry {
    Entry {
        path: PathBuf::from(path),
        kind,
    }
}

fn never(_: &Path) -> bool {
    false
}

#[test]
fn a_tree_and_its_tar_have_the_same_digest() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    fs::write(folder.path().join("d/file"), "content").unwrap();
    std::os::unix::fs::symlink("file", folder.path().join("d/link")).unwrap();
    let mut entries = vec![
        entry("", EntryKind::Folder),
        entry("d", EntryKind::Folder),
        entry("d/file", EntryKind::File),
        entry("d/link", EntryKind::Link),
        entry("made", EntryKind::Made(b"made".to_vec())),
    ];
    let (tar, digest) = pack(folder.path(), &entries, Path::new("w"), OWNER, never, Vec::new()).unwrap();
    assert_eq!(digest_of_tar(tar.as_slice(), never).unwrap(), digest);
    entries[1..].reverse();
    let (tar, reversed) = pack(folder.path(), &entries, Path::new("w"), OWNER, never, Vec::new()).unwrap();
    assert_eq!(reversed, digest, "the order does not count");
    let skipped = digest_of_tar(tar.as_slice(), |path| path == Path::new("made")).unwrap();
    assert_ne!(skipped, digest);
}

#[test]
fn what_is_not_what_it_was_is_not_packed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("d")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("file")).unwrap();
    for swapped in ["d/secret", "file"] {
        let entries = [entry(swapped, EntryKind::File)];
        let packed = pack(folder.path(), &entries, Path::new("w"), OWNER, never, Vec::new());
        assert!(packed.is_err(), "{swapped} was followed");
    }
}

#[test]
fn what_is_packed_is_the_guests_and_has_no_set_id_bit() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tool");
    fs::write(&path, "x").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6755)).unwrap();
    let tar = pack_path(&path, Path::new("tool"), OWNER, Vec::new()).unwrap();
    let mut archive = tar::Archive::new(tar.as_slice());
    let header = archive
        .entries()
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .header()
        .clone();
    assert_eq!(
        (
            header.uid().unwrap(),
            header.gid().unwrap(),
            header.mode().unwrap()
        ),
        (1000, 1000, 0o755)
    );
}
