use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// One entry of a tar that nobody checked.
struct Hostile<'a> {
    kind: tar::EntryType,
    path: &'a str,
    link: &'a str,
    mode: u32,
    content: &'a str,
}

fn file<'a>(path: &'a str, content: &'a str) -> Hostile<'a> {
    Hostile {
        kind: tar::EntryType::Regular,
        path,
        link: "",
        mode: 0o644,
        content,
    }
}

fn link<'a>(kind: tar::EntryType, path: &'a str, link: &'a str) -> Hostile<'a> {
    Hostile {
        kind,
        link,
        ..file(path, "")
    }
}

/// Writes names as they are, which the library would refuse.
fn tar(entries: &[Hostile<'_>]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..entry.path.len()].copy_from_slice(entry.path.as_bytes());
        fields.linkname[..entry.link.len()].copy_from_slice(entry.link.as_bytes());
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_size(entry.content.len() as u64);
        header.set_cksum();
        tar.append(&header, entry.content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn into(entries: &[Hostile<'_>]) -> (tempfile::TempDir, Unpacked) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    let done = unpack(tar(entries).as_slice(), &folder.path().join("in"), 1 << 20).unwrap();
    (folder, done)
}

#[test]
fn no_path_leads_out() {
    let (folder, done) = into(&[
        file("../above", "x"),
        file("a/../../above", "x"),
        file("/absolute", "x"),
        file("./fine", "x"),
        file("also/fine", "x"),
    ]);
    assert_eq!(done.dropped.len(), 3, "{:?}", done.dropped);
    assert_eq!(done.files, 2);
    assert!(!folder.path().join("above").exists());
    assert_eq!(
        fs::read_to_string(folder.path().join("in/also/fine")).unwrap(),
        "x"
    );
}

#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap();
    // A link of the tar's own, one that lies there already, and one made of harmless parts.
    let (folder, done) = into(&[
        link(tar::EntryType::Symlink, "out", target),
        file("out/file", "x"),
        link(tar::EntryType::Symlink, "up", ".."),
        file("up/file", "x"),
        link(tar::EntryType::Symlink, "d/back", ".."),
        file("d/back/file", "x"),
        link(tar::EntryType::Symlink, "d/e/combined", "../back/../x"),
    ]);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(!folder.path().join("file").exists());
    assert_eq!(
        fs::read_to_string(folder.path().join("in/out/file")).unwrap(),
        "x"
    );
    assert!(
        fs::symlink_metadata(folder.path().join("in/d/back"))
            .unwrap()
            .is_dir()
    );
    assert!(
        done.dropped.iter().any(|(path, _)| path.ends_with("combined")),
        "{:?}",
        done.dropped
    );
    let planted = tempfile::tempdir().unwrap();
    symlink(outside.path(), planted.path().join("dir")).unwrap();
    symlink(outside.path().join("file"), planted.path().join("file")).unwrap();
    let entries = [file("dir/x", "x"), file("file", "x")];
    unpack(tar(&entries).as_slice(), planted.path(), 1 << 20).unwrap();
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert!(
        fs::symlink_metadata(planted.path().join("file"))
            .unwrap()
            .is_file()
    );
}

#[test]
fn second_names_are_copies_and_only_of_what_was_unpacked() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let secret = outside.path().join("secret");
    let (folder, done) = into(&[
        file("first", "content"),
        link(tar::EntryType::Link, "second", "first"),
        link(tar::EntryType::Link, "stolen", secret.to_str().unwrap()),
        link(tar::EntryType::Link, "climbed", "../secret"),
        link(tar::EntryType::Link, "missing", "nothing"),
    ]);
    assert_eq!(
        fs::read_to_string(folder.path().join("in/second")).unwrap(),
        "content"
    );
    assert_eq!((done.files, done.dropped.len()), (2, 3), "{:?}", done.dropped);
}

#[test]
fn no_set_id_bit_device_or_pipe_arrives() {
    let suid = Hostile {
        mode: 0o6777,
        ..file("suid", "x")
    };
    let unreadable = Hostile {
        mode: 0,
        ..file("unreadable", "x")
    };
    let (folder, done) = into(&[
        suid,
        unreadable,
        link(tar::EntryType::Char, "char", ""),
        link(tar::EntryType::Block, "block", ""),
        link(tar::EntryType::Fifo, "fifo", ""),
    ]);
    let mode = |name: &str| {
        fs::metadata(folder.path().join("in").join(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("suid") & 0o7000, 0);
    assert_eq!(mode("unreadable") & 0o700, 0o600);
    assert_eq!((done.files, done.dropped.len()), (2, 3), "{:?}", done.dropped);
}

#[test]
fn a_limit_is_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let entries = tar(&[file("a", "12345"), file("b", "12345")]);
    assert!(unpack(entries.as_slice(), folder.path(), 10).is_ok());
    let error = unpack(entries.as_slice(), folder.path(), 9).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
}

#[test]
fn links_that_stay_are_told_from_links_that_leave() {
    let check = |parent: &str, target: &str, leaves: bool| {
        assert_eq!(
            climbs_out(Path::new(parent), Path::new(target)),
            leaves,
            "{parent} -> {target}"
        );
    };
    for (parent, target) in [
        ("", "a"),
        ("", "a/b"),
        ("d", ".."),
        ("d", "../x"),
        ("d/e", "../../x"),
        ("", "./x"),
    ] {
        check(parent, target, false);
    }
    for (parent, target) in [
        ("", ".."),
        ("", "/x"),
        ("d", "../.."),
        ("", "a/.."),
        ("d", "a/../../x"),
        ("d/e", "../a/../.."),
    ] {
        check(parent, target, true);
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let folder = tempfile::tempdir().unwrap();
    proptest::proptest!(|(bytes: Vec<u8>, at in 0_usize..1536)| {
        let mut tar = tar(&[file("a/b", "content"), link(tar::EntryType::Symlink, "l", "a")]);
        for (place, byte) in tar.iter_mut().skip(at).zip(&bytes) {
            *place = *byte;
        }
        let _ = unpack(tar.as_slice(), folder.path(), 1 << 16);
    });
}
