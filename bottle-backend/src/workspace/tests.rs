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

#[test]
fn stashes_stay_on_the_host() {
    let project = folder(&[
        (".git/HEAD", ""),
        (".git/objects/", ""),
        (".git/ORIG_HEAD", "0123"),
        (".git/refs/stash", "4567"),
        (".git/refs/heads/stash", "89ab"),
        (
            ".git/packed-refs",
            "# pack-refs with: peeled\n01 refs/heads/main\n02 refs/stash\n^03\n04 refs/tags/v1\n^05\n",
        ),
    ]);
    let chosen = chosen(project.path(), &[]);
    assert!(chosen.contains(&".git/refs/heads/stash".to_owned()));
    for left in [".git/refs/stash", ".git/ORIG_HEAD"] {
        assert!(!chosen.contains(&left.to_owned()), "{left}");
    }
    assert_eq!(
        made(project.path(), ".git/packed-refs"),
        "# pack-refs with: peeled\n01 refs/heads/main\n04 refs/tags/v1\n^05\n"
    );
    let table = folder(&[(".git/HEAD", ""), (".git/reftable/tables.list", ""), ("file", "")]);
    assert_eq!(select(table.path(), &[]).unwrap().notes.len(), 1);
}

/// Returns what is copied under a path in place of the host's file.
fn made(folder: &Path, path: &str) -> String {
    let selection = select(folder, &[]).unwrap();
    let entry = selection
        .entries
        .into_iter()
        .find(|entry| entry.path == Path::new(path));
    match entry.unwrap().kind {
        EntryKind::Made(content) => String::from_utf8(content).unwrap(),
        other => panic!("{path} is copied as {other:?}"),
    }
}

#[test]
fn a_repository_without_a_working_tree_has_no_credential_either() {
    let project = folder(&[
        ("mirror.git/HEAD", ""),
        ("mirror.git/objects/", ""),
        ("mirror.git/refs/", ""),
        (
            "mirror.git/config",
            "[core]\n\tbare = true\n\tfsmonitor = /tmp/evil\n[remote \"o\"]\n\turl = https://user:hunter2@host/x\n",
        ),
        ("mirror.git/config.worktree", "[http]\n\textraHeader = hunter3\n"),
        ("plain/config", "hunter4"),
    ]);
    let config = made(project.path(), "mirror.git/config");
    assert_eq!(
        config,
        "[core]\n\tbare = \"true\"\n[remote \"o\"]\n\turl = \"https://host/x\"\n"
    );
    let chosen = chosen(project.path(), &[]);
    assert!(!chosen.contains(&"mirror.git/config.worktree".to_owned()));
    assert!(chosen.contains(&"plain/config".to_owned()));
}

#[test]
fn a_pipe_for_a_file_of_patterns_holds_nobody_up() {
    let project = folder(&[("sub/file", ""), (".git/HEAD", ""), (".git/info/", "")]);
    for name in [".gitignore", "sub/.gitignore", ".git/info/exclude", ".git/index"] {
        let path = project.path().join(name);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
    }
    symlink("/dev/zero", project.path().join("sub/link")).unwrap();
    let selection = select(project.path(), &[]).unwrap();
    assert_eq!(selection.notes.len(), 2, "{:?}", selection.notes);
    let found = selection.entries.iter().map(|entry| entry.path.to_str().unwrap());
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            ".git",
            ".git/HEAD",
            ".git/config",
            ".git/info",
            "sub",
            "sub/file",
            "sub/link"
        ]
    );
}

#[test]
fn the_users_own_patterns_hold_too() {
    let home = folder(&[("ignore", "*.key\n/top\n.DS_Store\n")]);
    let own = [home.path().join("ignore"), home.path().join("missing")];
    let project = folder(&[
        (".git/HEAD", ""),
        ("a.key", ""),
        ("kept.key", ""),
        (".gitignore", "!kept.key\n"),
        ("top", ""),
        ("sub/top", ""),
        ("sub/.DS_Store", ""),
    ]);
    let selection = select_ignoring(project.path(), &[], &own).unwrap();
    let found = selection.entries.iter().map(|entry| entry.path.to_str().unwrap());
    let found: Vec<_> = found.filter(|path| !path.starts_with(".git/")).collect();
    assert_eq!(found, [".git", ".gitignore", "kept.key", "sub", "sub/top"]);
}

#[test]
fn the_users_settings_say_where_their_patterns_are() {
    let config = "[core]\n\texcludesFile = ~/a\n[other]\n\texcludesfile = no\n[core]\n\tExcludesFile = \"~/my ignore\"\n";
    assert_eq!(excludes_file(config).as_deref(), Some("~/my ignore"));
    assert_eq!(excludes_file("[core]\n\tbare = true\n"), None);
}

#[test]
fn too_much_is_refused_with_the_place() {
    let project = folder(&[("file", "")]);
    let big = project.path().join("holes");
    fs::File::create(&big).unwrap().set_len(33 << 30).unwrap();
    let refused = select(project.path(), &[]).unwrap_err();
    assert!(
        matches!(&refused, crate::CopyError::TooMuch { at, .. } if *at == big),
        "{refused}"
    );
    fs::write(project.path().join(".gitignore"), "holes\n").unwrap();
    assert_eq!(chosen(project.path(), &[]), [".gitignore", "file"]);
    fs::write(project.path().join(".gitignore"), "x\n".repeat(200_000)).unwrap();
    assert!(matches!(
        select(project.path(), &[]),
        Err(crate::CopyError::TooMuch { .. })
    ));
}
