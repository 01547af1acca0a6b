use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::files::EntryKind;

/// Makes a folder of files; a path that ends in `/` is a folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match path.to_str().unwrap().ends_with('/') {
            true => fs::create_dir_all(path).unwrap(),
            false => fs::write(path, content).unwrap(),
        }
    }
    folder
}

/// Lists what is copied, without folders.
fn chosen(folder: &Path, include: &[&str]) -> Vec<String> {
    let include: Vec<String> = include.iter().map(|&pattern| pattern.to_owned()).collect();
    let selection = select(folder, &include).unwrap();
    let files = selection
        .entries
        .into_iter()
        .filter(|entry| entry.kind != EntryKind::Folder);
    files
        .map(|entry| entry.path.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn ignored_files_stay_out_unless_they_are_named() {
    let project = folder(&[
        (".gitignore", "*.key\n/target\nnode_modules/\n!kept.key\n"),
        (".hidden", ""),
        ("a.key", ""),
        ("kept.key", ""),
        ("target/x", ""),
        ("web/.gitignore", "dist\n"),
        ("web/dist/y", ""),
        ("web/node_modules/z/index.js", ""),
        ("web/target/here", ""),
    ]);
    let always = [
        ".gitignore",
        ".hidden",
        "kept.key",
        "web/.gitignore",
        "web/target/here",
    ];
    assert_eq!(chosen(project.path(), &[]), always);
    let with_key = [
        ".gitignore",
        ".hidden",
        "a.key",
        "kept.key",
        "web/.gitignore",
        "web/target/here",
    ];
    assert_eq!(chosen(project.path(), &["*.key"]), with_key);
    assert!(chosen(project.path(), &["/target/"]).contains(&"target/x".to_owned()));
    assert!(chosen(project.path(), &["dist"]).contains(&"web/dist/y".to_owned()));
    assert!(select(project.path(), &["a{".to_owned()]).is_err());
}

#[test]
fn the_repository_above_says_what_is_ignored_and_nobody_further_up() {
    let outer = folder(&[
        (".gitignore", "*\n"),
        ("repo/.git/HEAD", ""),
        ("repo/.gitignore", "secret\n"),
        ("repo/app/secret", ""),
        ("repo/app/main", ""),
    ]);
    assert_eq!(chosen(&outer.path().join("repo/app"), &[]), ["main"]);
    // Without a repository, the rules of the folder itself hold and no others.
    let plain = folder(&[
        (".gitignore", "*\n"),
        ("app/.gitignore", "secret\n"),
        ("app/secret", ""),
        ("app/main", ""),
    ]);
    assert_eq!(chosen(&plain.path().join("app"), &[]), [".gitignore", "main"]);
}

#[test]
fn links_are_links_and_special_files_are_nothing() {
    let project = folder(&[("real/file", "")]);
    symlink("/etc", project.path().join("out")).unwrap();
    symlink("real", project.path().join("in")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(project.path().join("socket")).unwrap());
    let selection = select(project.path(), &[]).unwrap();
    let found: Vec<_> = selection
        .entries
        .iter()
        .map(|entry| (entry.path.to_str().unwrap(), &entry.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("in", &EntryKind::Link),
            ("out", &EntryKind::Link),
            ("real", &EntryKind::Folder),
            ("real/file", &EntryKind::File),
        ]
    );
}

const REPOSITORY: &[(&str, &str)] = &[
    (".git/HEAD", "ref: refs/heads/main\n"),
    (".git/config", "[core]\n\tbare = false\n"),
    (".git/index", ""),
    (".git/objects/ab/cdef", ""),
    (".git/objects/pack/", ""),
    (".git/refs/heads/main", ""),
    (".git/packed-refs", ""),
    (".git/info/exclude", "ignored\n"),
    (".git/info/attributes", ""),
    (".git/hooks/post-checkout", ""),
    (".git/logs/HEAD", "clone: from https://token@host"),
    (".git/FETCH_HEAD", "branch of https://token@host"),
    (".git/config.worktree", ""),
    (".git/modules/sub/config", ""),
    (".git/credentials", ""),
    ("ignored", ""),
    ("sub/.git", "gitdir: ../.git/modules/sub\n"),
    ("nested/.git/config", "[remote \"o\"]\nurl = https://token@host\n"),
    ("nested/file", ""),
];

#[test]
fn of_a_repository_history_and_index_are_copied_and_nothing_else() {
    let project = folder(REPOSITORY);
    symlink("/etc/passwd", project.path().join(".git/objects/ab/link")).unwrap();
    let expected = [
        ".git/HEAD",
        ".git/config",
        ".git/index",
        ".git/info/exclude",
        ".git/objects/ab/cdef",
        ".git/packed-refs",
        ".git/refs/heads/main",
        "nested/file",
    ];
    assert_eq!(chosen(project.path(), &[]), expected);
    // Not even when somebody asks for it.
    assert_eq!(chosen(project.path(), &["**/.git/**", ".git"]), expected);
}

#[test]
fn a_history_that_lies_elsewhere_is_left_out_with_a_note() {
    let cases: [&[(&str, &str)]; 2] = [
        &[
            (".git", "gitdir: /home/user/secret/.git/worktrees/x\n"),
            ("file", ""),
        ],
        &[
            (".git/HEAD", ""),
            (".git/objects/info/alternates", "/home/user/secret/.git/objects\n"),
            ("file", ""),
        ],
    ];
    for files in cases {
        let project = folder(files);
        assert_eq!(chosen(project.path(), &[]), ["file"]);
        assert_eq!(select(project.path(), &[]).unwrap().notes.len(), 1);
    }
}
