//! The agent's program: the host's own, found as a shell would find it, with its package and nothing above that.

use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use bottle_backend::LaunchError;
use bottle_guest::Mount;
use bottle_plan::BottlePlan;

/// Where the guest finds programs that the host keeps outside of its system folders.
const FOLDER: &str = "/opt/bottle/bin";
/// The most bytes of a program's first line.
const MOST_LINE: u64 = 256;
/// Where the host's own programs lie, which every guest sees.
const SYSTEM: [&str; 3] = ["/usr", "/bin", "/sbin"];

/// Programs of the host's that the guest sees beside those of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Programs {
    /// Name and where its file lies.
    names: Vec<(String, PathBuf)>,
    /// Folders and single files, each shown where it is.
    packages: Vec<PathBuf>,
}

impl Programs {
    /// Finds what a plan's commands run.
    ///
    /// A program in the guest's home is the provider's to put there.
    pub(crate) fn find(plan: &BottlePlan, search: &[PathBuf]) -> Result<Self, LaunchError> {
        let mut found = Self::default();
        let command = &plan.provider.command;
        let commands = [&command.interactive, &command.headless];
        for program in commands.into_iter().filter_map(|argv| argv.first()) {
            if !Path::new(program).starts_with(plan.guest_home.as_str()) && !found.add(program, search) {
                return Err(LaunchError::Unsupported {
                    what: "the agent's program",
                    reason: format!(
                        "{program} is not on your PATH: without an engine there is no image to take it from"
                    ),
                });
            }
        }
        Ok(found)
    }

    /// Adds a program and what runs it; tells whether it is there.
    fn add(&mut self, program: &str, search: &[PathBuf]) -> bool {
        let Some(name) = Path::new(program).file_name().and_then(|name| name.to_str()) else {
            return false;
        };
        if self.names.iter().any(|(known, _)| known == name) {
            return true;
        }
        let Some(file) = look_up(program, name, search) else {
            return false;
        };
        if !is_of_system(&file) {
            self.names.push((name.to_owned(), file.clone()));
            let package = package_of(&file);
            if !self.packages.iter().any(|known| package.starts_with(known)) {
                self.packages.push(package);
            }
        }
        interpreter(&file).is_none_or(|interpreter| self.add(&interpreter, search))
    }

    /// Returns the folder that has to be searched for them; none when there are none.
    pub(crate) fn search(&self) -> Option<&'static str> {
        (!self.names.is_empty()).then_some(FOLDER)
    }

    /// Returns what has to be mounted.
    pub(crate) fn mounts(&self) -> Vec<Mount> {
        let packages = self.packages.iter().map(|path| Mount::Bind {
            source: path.clone(),
            target: path.to_string_lossy().into_owned(),
            writable: false,
            devices: false,
        });
        let names = self.names.iter().map(|(name, file)| Mount::Link {
            target: format!("{FOLDER}/{name}"),
            to: file.to_string_lossy().into_owned(),
        });
        packages.chain(names).collect()
    }
}

/// Finds a program's file, with every link followed: where it says itself that it is, or as a shell would.
fn look_up(program: &str, name: &str, search: &[PathBuf]) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_program = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let itself = Some(PathBuf::from(program)).filter(|path| path.is_absolute());
    let folders = search.iter().filter(|folder| folder.is_absolute());
    let mut places = itself.into_iter().chain(folders.map(|folder| folder.join(name)));
    places.find(is_program)?.canonicalize().ok()
}

fn is_of_system(file: &Path) -> bool {
    SYSTEM.iter().any(|folder| file.starts_with(folder))
}

/// Returns the program that runs a script: the word after `env`, or the one that is named.
fn interpreter(file: &Path) -> Option<String> {
    let mut line = Vec::new();
    fs::File::open(file)
        .ok()?
        .take(MOST_LINE)
        .read_to_end(&mut line)
        .ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let mut words = line.strip_prefix("#!")?.lines().next()?.split_whitespace();
    let first = words.next()?;
    match first.ends_with("/env") {
        true => words.find(|word| !word.starts_with('-')).map(str::to_owned),
        false => Some(first.to_owned()),
    }
}

/// Returns the folder of the package that a file belongs to, or the file itself: never a folder that holds more than
/// one package, or a user's own files.
fn package_of(file: &Path) -> PathBuf {
    let parts: Vec<_> = file.components().collect();
    let at = parts
        .iter()
        .rposition(|part| *part == Component::Normal("node_modules".as_ref()));
    let Some(at) = at else { return file.to_owned() };
    let scoped = parts
        .get(at + 1)
        .is_some_and(|part| part.as_os_str().as_encoded_bytes().starts_with(b"@"));
    let end = at + if scoped { 3 } else { 2 };
    match end < parts.len() {
        true => parts.iter().take(end).collect(),
        false => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_its_own_folder_and_nothing_above() {
        let check = |file: &str, package: &str| assert_eq!(package_of(Path::new(file)), Path::new(package));
        check(
            "/home/u/.nvm/lib/node_modules/@openai/codex/bin/codex.js",
            "/home/u/.nvm/lib/node_modules/@openai/codex",
        );
        check("/opt/node_modules/tool/cli.js", "/opt/node_modules/tool");
        check(
            "/opt/node_modules/a/node_modules/b/cli.js",
            "/opt/node_modules/a/node_modules/b",
        );
        check("/home/u/.local/bin/claude", "/home/u/.local/bin/claude");
        check("/opt/node_modules/tool.js", "/opt/node_modules/tool.js");
    }

    #[test]
    fn a_script_names_what_runs_it() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, expected: Option<&str>| {
            let file = folder.path().join("script");
            fs::write(&file, text).unwrap();
            assert_eq!(interpreter(&file).as_deref(), expected);
        };
        check("#!/usr/bin/env node\nx", Some("node"));
        check("#!/usr/bin/env -S node --x\n", Some("node"));
        check("#! /opt/python/bin/python3\n", Some("/opt/python/bin/python3"));
        check("\x7fELF", None);
        check("#!\n", None);
    }
}
