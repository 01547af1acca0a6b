use super::*;

fn tree(paths: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for path in paths {
        let file = root.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    root
}

fn left(paths: &[&str]) -> Vec<String> {
    let root = tree(paths);
    leave_git_out(root.path()).unwrap();
    let there = paths.iter().filter(|path| root.path().join(path).exists());
    there.map(|path| (*path).to_owned()).collect()
}

#[test]
fn no_repository_stays_whatever_it_is_called() {
    assert_eq!(
        left(&[
            "a",
            ".git/config",
            "deep/er/.git/hooks/post-checkout",
            "submodule/.git",
            "case/.GIT/config",
            "dots/.git. ./config",
            "short/GIT~1/config",
            ".gitignore",
            ".github/workflows/x.yml",
        ]),
        ["a", ".gitignore", ".github/workflows/x.yml"]
    );
}

#[test]
fn a_repository_without_files_has_no_settings() {
    assert_eq!(
        left(&[
            "bare/HEAD",
            "bare/objects/x",
            "bare/refs/x",
            "bare/config",
            "bare/hooks/post-checkout",
            "own/config",
            "own/hooks/x",
        ]),
        [
            "bare/HEAD",
            "bare/objects/x",
            "bare/refs/x",
            "own/config",
            "own/hooks/x"
        ]
    );
}

#[test]
fn no_link_is_followed() {
    let outside = tree(&[".git/config"]);
    let root = tree(&["a"]);
    std::os::unix::fs::symlink(outside.path(), root.path().join("link")).unwrap();
    leave_git_out(root.path()).unwrap();
    assert!(outside.path().join(".git/config").exists());
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let root = tree(&["full/file", "file"]);
    for wrong in ["full", "file"] {
        let target = Target::begin(&root.path().join(wrong));
        assert!(
            matches!(target.map(drop), Err(FilesError::NotEmpty(_))),
            "{wrong}"
        );
    }
    for good in ["new", "empty"] {
        let _ = fs::create_dir(root.path().join("empty"));
        drop(Target::begin(&root.path().join(good)).unwrap());
    }
    let names = fs::read_dir(root.path()).unwrap().count();
    assert_eq!(names, 3, "what was begun is gone");
}
