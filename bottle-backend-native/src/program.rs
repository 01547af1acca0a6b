//! The agent's program: the host's own, found as a shell would find it, with its package and nothing above that.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use bottle_backend::LaunchError;
use bottle_guest::Mount;
use bottle_plan::BottlePlan;
use bottle_util::files;

use crate::image::Image;
use crate::tree::shown;

/// Where the guest finds programs that the host keeps outside of its system folders.
const FOLDER: &str = "/opt/bottle/bin";
/// Where their packages lie, whatever the host's folders are called.
const PACKAGES: &str = "/opt/bottle/node_modules";
/// The most bytes of a program's first line.
const MOST_LINE: u64 = 256;
/// The most bytes of a package's description of itself.
const MOST_DESCRIPTION: u64 = 1 << 20;
/// Where the host's own programs lie, which every guest sees.
const SYSTEM: [&str; 3] = ["/usr", "/bin", "/sbin"];

/// Programs of the host's that the guest sees beside those of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Programs {
    names: Vec<String>,
    mounts: Vec<Mount>,
}

impl Programs {
    /// Finds what a plan's commands run.
    ///
    /// A program in the guest's home is the provider's to put there.
    pub(crate) fn find(plan: &BottlePlan, image: &Image, search: &[PathBuf]) -> Result<Self, LaunchError> {
        let mut found = Self::default();
        let command = &plan.provider.command;
        let commands = [&command.interactive, &command.headless];
        for program in commands.into_iter().filter_map(|argv| argv.first()) {
            if Path::new(program).starts_with(plan.guest_home.as_str()) {
                continue;
            }
            let (there, nowhere) = match image {
                Image::Host => (
                    found.add(program, search),
                    "is not on your PATH: without an engine there is no image to take it from".to_owned(),
                ),
                Image::Folder(folder) => (
                    image.holds_program(program),
                    format!("is not in {}", folder.display()),
                ),
            };
            if !there {
                return Err(LaunchError::Unsupported {
                    what: "the agent's program",
                    reason: format!("{program} {nowhere}"),
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
        if self.names.iter().any(|known| known == name) {
            return true;
        }
        let Some(file) = look_up(program, name, search) else {
            return false;
        };
        if !is_of_system(&file) {
            self.names.push(name.to_owned());
            match Package::of(&file) {
                Some(package) => self.show(name, &package),
                None => self.mounts.push(bind(&file, &format!("{FOLDER}/{name}"))),
            }
        }
        interpreter(&file).is_none_or(|interpreter| self.add(&interpreter, search))
    }

    /// Shows a package, and those that hold the parts of it for this kind of machine.
    fn show(&mut self, name: &str, package: &Package) {
        let own = package.name.clone();
        for part in std::iter::once(own.clone()).chain(package.parts()) {
            let mount = bind(&package.folder.join(&part), &format!("{PACKAGES}/{part}"));
            if !self.mounts.contains(&mount) {
                self.mounts.push(mount);
            }
        }
        self.mounts.push(Mount::Link {
            target: format!("{FOLDER}/{name}"),
            to: format!("{PACKAGES}/{own}/{}", package.file.to_string_lossy()),
        });
    }

    /// Returns the folder that has to be searched for them; none when there are none.
    pub(crate) fn search(&self) -> Option<&'static str> {
        (!self.names.is_empty()).then_some(FOLDER)
    }

    /// Returns what has to be mounted.
    pub(crate) fn mounts(&self, empty: &Path) -> Vec<Mount> {
        let layered = |mount: &Mount| match mount {
            Mount::Bind { source, target, .. } => shown(source, Path::new(target), empty),
            other => other.clone(),
        };
        self.mounts.iter().map(layered).collect()
    }
}

fn bind(source: &Path, target: &str) -> Mount {
    Mount::Bind {
        source: source.to_owned(),
        target: target.to_owned(),
        writable: false,
        devices: false,
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

/// A package of Node.js: one folder, and never one that holds more than it or a user's own files.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Package {
    /// The folder of packages that it lies in.
    folder: PathBuf,
    /// Its name, with its scope.
    name: String,
    /// The program below it.
    file: PathBuf,
}

impl Package {
    /// Returns the package that a file belongs to, if it does to one.
    fn of(file: &Path) -> Option<Self> {
        let parts: Vec<_> = file.components().collect();
        let is_folder = |part: &Component<'_>| *part == Component::Normal("node_modules".as_ref());
        let at = parts.iter().rposition(is_folder)?;
        let (folder, rest) = parts.split_at_checked(at + 1)?;
        let first = rest.first()?.as_os_str().to_str()?;
        let length = if first.starts_with('@') { 2 } else { 1 };
        let (name, file) = rest.split_at_checked(length)?;
        let name = name.iter().collect::<PathBuf>().to_str()?.to_owned();
        (!file.is_empty()).then(|| Self {
            folder: folder.iter().collect(),
            name,
            file: file.iter().collect(),
        })
    }

    /// Returns the packages beside it that it names as optional parts of its own, and that are there.
    fn parts(&self) -> Vec<String> {
        let description = files::read_bounded(
            &self.folder.join(&self.name).join("package.json"),
            MOST_DESCRIPTION,
        );
        let description: Option<Description> = description
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let parts = description
            .map(|description| description.optional)
            .unwrap_or_default();
        let plain = |name: &String| {
            Path::new(name)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        let there = parts
            .into_keys()
            .filter(plain)
            .filter(|name| self.folder.join(name).is_dir());
        there.collect()
    }
}

/// What a package says of itself, as far as it matters here.
#[derive(serde::Deserialize)]
struct Description {
    #[serde(default, rename = "optionalDependencies")]
    optional: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_its_own_folder_and_nothing_above() {
        let check = |file: &str, expected: Option<[&str; 3]>| {
            let found = Package::of(Path::new(file));
            let found = found.map(|package| [package.folder, package.name.into(), package.file]);
            assert_eq!(found, expected.map(|parts| parts.map(PathBuf::from)));
        };
        check(
            "/home/u/.nvm/lib/node_modules/@openai/codex/bin/codex.js",
            Some(["/home/u/.nvm/lib/node_modules", "@openai/codex", "bin/codex.js"]),
        );
        check(
            "/opt/node_modules/tool/cli.js",
            Some(["/opt/node_modules", "tool", "cli.js"]),
        );
        check(
            "/opt/node_modules/a/node_modules/b/cli.js",
            Some(["/opt/node_modules/a/node_modules", "b", "cli.js"]),
        );
        check("/home/u/.local/bin/claude", None);
        check("/opt/node_modules/tool.js", None);
    }

    #[test]
    fn the_parts_of_a_package_that_are_there_come_along() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["tool", "tool-here", "other"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let text = r#"{"optionalDependencies": {"tool-here": "1", "tool-there": "1", "../other": "1"}}"#;
        fs::write(folder.path().join("tool/package.json"), text).unwrap();
        let package = Package::of(Path::new("/node_modules/tool/cli.js")).unwrap();
        let package = Package {
            folder: folder.path().to_owned(),
            ..package
        };
        assert_eq!(package.parts(), ["tool-here"]);
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
