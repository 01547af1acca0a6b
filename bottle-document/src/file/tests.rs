//! What is read, and what is refused.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{MAX_FILE_BYTES, ReadError};
use crate::{Diagnostic, Source};

fn read(write: impl FnOnce(&std::path::Path)) -> Result<Source, ReadError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.md");
    write(&path);
    Source::read(&path)
}

#[test]
fn a_text_is_read_also_through_a_link() {
    assert_eq!(
        read(|path| fs::write(path, "text").unwrap()).unwrap().text(),
        "text"
    );
    let linked = read(|path| {
        fs::write(path.with_extension("real"), "text").unwrap();
        symlink("file.real", path).unwrap();
    });
    assert_eq!(linked.unwrap().text(), "text");
}

#[test]
fn only_regular_files_are_read() {
    assert!(matches!(
        read(|path| fs::create_dir(path).unwrap()),
        Err(ReadError::NotRegular { .. })
    ));
    let pipe = read(|path| mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap());
    assert!(matches!(pipe, Err(ReadError::NotRegular { .. })));
    assert!(matches!(
        read(|path| drop(UnixListener::bind(path).unwrap())),
        Err(ReadError::Io { .. })
    ));
    assert!(matches!(read(|_| {}), Err(ReadError::Io { .. })));
}

#[test]
fn size_and_encoding_are_checked() {
    let largest = usize::try_from(MAX_FILE_BYTES).unwrap();
    assert!(read(|path| fs::write(path, vec![b'a'; largest]).unwrap()).is_ok());
    let large = read(|path| fs::write(path, vec![b'a'; largest + 1]).unwrap());
    assert!(matches!(large, Err(ReadError::TooLarge { .. })));
    let latin = read(|path| fs::write(path, b"one\ntwo \xe9\n").unwrap()).unwrap_err();
    assert!(matches!(latin, ReadError::NotUtf8 { line: 2, .. }));
    assert_eq!(Diagnostic::from(latin).message(), "line 2 is not UTF-8");
}

#[test]
fn beneath_a_hostile_root_no_link_is_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::create_dir_all(root.join("real/agents")).unwrap();
    fs::write(root.join("real/agents/a.md"), "text").unwrap();
    symlink("a.md", root.join("real/agents/link.md")).unwrap();
    symlink("real", root.join("linked")).unwrap();
    assert_eq!(
        Source::read_beneath(root, &["real", "agents", "a.md"])
            .unwrap()
            .text(),
        "text"
    );
    let link = |parts: &[&str]| matches!(Source::read_beneath(root, parts), Err(ReadError::Link { .. }));
    assert!(link(&["real", "agents", "link.md"]));
    assert!(link(&["linked", "agents", "a.md"]));
    for parts in [
        &["real", "..", "real"][..],
        &["real/agents", "a.md"],
        &["", "real"],
        &["real", "none", "x"],
    ] {
        assert!(
            matches!(Source::read_beneath(root, parts), Err(ReadError::Io { .. })),
            "{parts:?}"
        );
    }
}
