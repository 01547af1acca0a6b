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
    assert!(tar_holds(tar.as_slice(), &digest, never).unwrap());
    assert_eq!(digest.to_string().parse(), Ok(digest.clone()));
    entries[1..].reverse();
    let (tar, reversed) = pack(folder.path(), &entries, Path::new("w"), OWNER, never, Vec::new()).unwrap();
    assert_eq!(reversed, digest, "the order does not count");
    assert!(!tar_holds(tar.as_slice(), &digest, |path| path == Path::new("made")).unwrap());
}

/// A tar whose files say that they are larger than anything, and never end.
fn endless(first: &str, kind: tar::EntryType, size: u64) -> impl std::io::Read {
    let mut header = tar::Header::new_gnu();
    header.set_path(first).unwrap();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    std::io::Read::chain(
        std::io::Cursor::new(header.as_bytes().to_vec()),
        std::io::repeat(b'x'),
    )
}

#[test]
fn a_workspace_without_end_is_a_change_at_its_first_entry_too_many() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "content").unwrap();
    let entries = [entry("", EntryKind::Folder), entry("file", EntryKind::File)];
    let (_, copied) = pack(folder.path(), &entries, Path::new("w"), OWNER, never, Vec::new()).unwrap();
    let regular = tar::EntryType::Regular;
    let index = |path: &Path| path == Path::new(".git/index");
    for (tar, what) in [
        (endless("w/file", regular, 15 << 40), "one that was copied"),
        (
            endless("w/.git/index", regular, 15 << 40),
            "one that does not count",
        ),
        (endless("w/pipe", tar::EntryType::Fifo, 0), "a pipe"),
        (endless("w", regular, 0), "no folder at all"),
    ] {
        assert!(!tar_holds(tar, &copied, index).unwrap(), "{what}");
    }
    let empty = DigestBuilder::skipping(never).finish();
    let many = endless("w/new", tar::EntryType::Directory, 0);
    assert!(!tar_holds(many, &empty, never).unwrap(), "nothing was copied");
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
