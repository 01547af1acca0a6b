//! What of the user's own settings of git a copy follows. Those of the system and of repositories are not asked.

use std::path::{Path, PathBuf};

use bottle_backend::workspace::excludes_file;

/// The most bytes of a file of settings.
const MOST_SETTINGS: u64 = 1 << 20;

/// Returns the user's own file of what version control ignores, where there is one: the one that their settings name,
/// else the usual one (gitignore(5)). `xdg` is `$XDG_CONFIG_HOME`.
pub(crate) fn ignore_files(home: &Path, xdg: Option<&Path>) -> Vec<PathBuf> {
    let usual = || home.join(".config");
    let folder = xdg
        .filter(|folder| folder.is_absolute())
        .map_or_else(usual, Path::to_owned)
        .join("git");
    let mut found = Some(folder.join("ignore"));
    // The later file wins.
    for file in [folder.join("config"), home.join(".gitconfig")] {
        if let Some(named) = read(&file).and_then(|text| excludes_file(&text)) {
            found = expanded(&named, home);
        }
    }
    found.into_iter().filter(|file| file.is_file()).collect()
}

fn read(file: &Path) -> Option<String> {
    let meta = std::fs::metadata(file).ok()?;
    let readable = meta.is_file() && meta.len() <= MOST_SETTINGS;
    let text = readable.then(|| std::fs::read(file).ok())??;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Reads a path as git does; that of another user's home is none of ours.
fn expanded(path: &str, home: &Path) -> Option<PathBuf> {
    match path.strip_prefix("~/") {
        Some(rest) => Some(home.join(rest)),
        None => Some(PathBuf::from(path)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_users_patterns_are_where_git_looks_for_them() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        let found = |xdg: Option<&Path>| ignore_files(home.path(), xdg);
        assert_eq!(found(None), Vec::<PathBuf>::new());
        for path in [".config/git/ignore", "xdg/git/ignore", "mine", "theirs"] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), "*.key\n").unwrap();
        }
        assert_eq!(found(None), [at(".config/git/ignore")]);
        assert_eq!(found(Some(&at("xdg"))), [at("xdg/git/ignore")]);
        let theirs = format!("[core]\n\texcludesFile = {}\n", at("theirs").display());
        fs::write(at(".config/git/config"), theirs).unwrap();
        assert_eq!(found(None), [at("theirs")]);
        fs::write(at(".gitconfig"), "[core]\n\texcludesfile = ~/mine\n").unwrap();
        assert_eq!(found(None), [at("mine")]);
        fs::write(at(".gitconfig"), "[core]\n\texcludesfile = ~/missing\n").unwrap();
        assert_eq!(found(None), Vec::<PathBuf>::new());
    }
}
