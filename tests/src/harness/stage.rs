//! A home of its own for one test.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::engine::Engine;
use super::programs;
use super::running::{Finished, Running};
use super::terminal::Terminal;

/// How long a bottle may take to end.
const STOP: Duration = Duration::from_secs(60);

/// Folders, an environment and names that no other test shares. What was made in the engine under those names is
/// removed when this is dropped.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    labels: Vec<String>,
    engine: Option<Engine>,
    person: Option<Person>,
}

/// Somebody else who runs `bottle`, with programs where they may look.
#[derive(Debug)]
struct Person {
    id: u32,
    programs: PathBuf,
}

impl Stage {
    /// For commands that need no engine.
    pub fn without_engine() -> Result<Self> {
        Self::new(None)
    }

    /// For commands that run bottles.
    pub fn with_engine(engine: Engine) -> Result<Self> {
        Self::new(Some(engine))
    }

    fn new(engine: Option<Engine>) -> Result<Self> {
        let folder = TempDir::with_prefix("bottle-test-")?;
        let mut stage = Self {
            environment: BTreeMap::new(),
            labels: Vec::new(),
            engine,
            person: None,
            folder,
        };
        for path in [stage.home(), stage.directory(), stage.bottle_home()] {
            fs::create_dir(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        }
        stage.set("HOME", &stage.home().to_string_lossy());
        stage.set("BOT_BOTTLE_HOME", &stage.bottle_home().to_string_lossy());
        stage.set("PATH", "/usr/local/bin:/usr/bin:/bin");
        stage.set("TERM", "xterm-256color");
        stage.set("LANG", "C.UTF-8");
        Ok(stage)
    }

    /// Makes all commands another user's, who finds the programs in a folder of this stage.
    pub(super) fn become_somebody(&mut self, id: u32) -> Result<()> {
        let programs = self.folder.path().join("programs");
        fs::create_dir(&programs)?;
        let dist = programs::dist_folder()?;
        for program in [
            programs::bottle()?,
            dist.join("bottle-sidecar"),
            dist.join("bottle-relay"),
        ] {
            let name = program.file_name().context("a program has no name")?;
            programs::link_or_copy(&program, &programs.join(name))?;
        }
        for (path, mode) in [(self.folder.path(), 0o711), (&programs, 0o755)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        self.person = Some(Person { id, programs });
        Ok(())
    }

    /// The folder that all of it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Another program, as whoever this stage is for, with its environment.
    pub fn another_command(&self, program: &str) -> Result<Command> {
        let mut words = self.words()?;
        words.pop();
        words.push(program.to_owned());
        let (first, rest) = words.split_first().context("no program")?;
        let mut command = Command::new(first);
        command.args(rest).env_clear().envs(&self.environment);
        Ok(command)
    }

    /// The words that start `bottle`, as whoever this stage is for.
    fn words(&self) -> Result<Vec<String>> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let Some(person) = &self.person else {
            return Ok(vec![text(&programs::bottle()?)]);
        };
        for folder in [self.home(), self.directory(), self.bottle_home()] {
            give(&folder, person.id)?;
        }
        let id = person.id;
        let words = [
            "setpriv".to_owned(),
            format!("--reuid={id}"),
            format!("--regid={id}"),
        ];
        let rest = ["--clear-groups".to_owned(), text(&person.programs.join("bottle"))];
        Ok(words.into_iter().chain(rest).collect())
    }

    /// The user's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The working directory.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Where bottles, agents and state lie; deliberately not below the home, where it would be by itself.
    #[must_use]
    pub fn bottle_home(&self) -> PathBuf {
        self.folder.path().join("bot-bottle")
    }

    /// The engine, if the stage has one.
    pub fn engine(&self) -> Result<&Engine> {
        self.engine
            .as_ref()
            .context("this stage was made without an engine")
    }

    /// Sets a variable of the environment that commands get.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// A name for a bottle that no other test has; what carries it is removed in the end.
    pub fn label(&mut self, name: &str) -> String {
        let unique = self
            .folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let unique: String = unique
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .rev()
            .take(6)
            .collect();
        let label = format!("t{unique}-{name}");
        self.labels.push(label.clone());
        label
    }

    /// Writes `bottles/<name>.md` with this frontmatter.
    pub fn write_bottle(&self, name: &str, frontmatter: &str) -> Result<PathBuf> {
        self.write(&format!("bottles/{name}.md"), &format!("---\n{frontmatter}---\n"))
    }

    /// Adds lines to the frontmatter of a bottle.
    pub fn add_to_bottle(&self, name: &str, lines: &str) -> Result<()> {
        self.change_bottle(name, |text| {
            let frontmatter = text.trim_end().trim_end_matches("---");
            format!("{frontmatter}{lines}---\n")
        })
    }

    /// Changes the file of a bottle.
    pub fn change_bottle(&self, name: &str, change: impl FnOnce(&str) -> String) -> Result<()> {
        let path = self.bottle_home().join(format!("bottles/{name}.md"));
        let text = fs::read_to_string(&path)?;
        Ok(fs::write(&path, change(&text))?)
    }

    /// Writes `agents/<name>.md` with this frontmatter and prompt.
    pub fn write_agent(&self, name: &str, frontmatter: &str, prompt: &str) -> Result<PathBuf> {
        self.write(
            &format!("agents/{name}.md"),
            &format!("---\n{frontmatter}---\n{prompt}\n"),
        )
    }

    /// Writes a file below the bottle home and returns its path.
    pub fn write(&self, path: &str, text: &str) -> Result<PathBuf> {
        let file = self.bottle_home().join(path);
        fs::create_dir_all(file.parent().unwrap_or(Path::new("/")))?;
        fs::write(&file, text)?;
        Ok(file)
    }

    /// Runs `bottle` with these arguments to its end.
    pub fn run(&self, arguments: &[&str], limit: Duration) -> Result<Finished> {
        self.start(arguments)?.wait(limit)
    }

    /// Starts `bottle` with these arguments and no terminal.
    pub fn start(&self, arguments: &[&str]) -> Result<Running> {
        Running::start(&mut self.command(arguments)?)
    }

    /// The command that starts `bottle` with these arguments, for a caller who wants its outputs elsewhere.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let words = self.words()?;
        let (program, first) = words.split_first().context("no program")?;
        let mut command = Command::new(program);
        command
            .args(first)
            .args(arguments)
            .current_dir(self.directory())
            .env_clear()
            .envs(&self.environment);
        Ok(command)
    }

    /// Starts another program, which is told where `bottle` is by an argument behind these.
    pub fn start_in(&self, argv: &[&str]) -> Result<Running> {
        let (program, arguments) = argv.split_first().context("no program")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(programs::bottle()?)
            .current_dir(self.directory())
            .env_clear()
            .envs(&self.environment);
        Running::start(&mut command)
    }

    /// Starts `bottle` with these arguments on a terminal of 40 rows and 120 columns.
    pub fn start_on_terminal(&self, arguments: &[&str]) -> Result<Terminal> {
        let words = self.words()?;
        let (program, first) = words.split_first().context("no program")?;
        let first: Vec<&str> = first.iter().map(String::as_str).collect();
        Terminal::start(
            Path::new(program),
            &[&first, arguments].concat(),
            &self.directory(),
            &self.environment,
        )
    }

    /// Starts a shell on a terminal, which outlives the `$BOTTLE` commands of its script and their signals.
    pub fn start_script_on_terminal(&self, script: &str) -> Result<Terminal> {
        let mut environment = self.environment.clone();
        let program = programs::bottle()?.to_string_lossy().into_owned();
        environment.insert("BOTTLE".to_owned(), program);
        let script = format!("trap : INT\n{script}");
        let shell = Path::new("/bin/sh");
        Terminal::start(shell, &["-c", &script], &self.directory(), &environment)
    }

    /// The processes that were started with this stage's environment, or by those that were.
    pub fn processes(&self) -> Result<Vec<String>> {
        Ok(self.numbered_processes()?.into_values().collect())
    }

    /// The same by their ids.
    pub fn numbered_processes(&self) -> Result<BTreeMap<i32, String>> {
        let needle = self.folder.path().to_string_lossy().into_owned();
        let mut found = BTreeMap::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Ok(id) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            // A process that ends while it is looked at is none.
            let read = |file: &str| fs::read(entry.path().join(file)).unwrap_or_default();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', " ");
            let (environment, line) = (text(&read("environ")), text(&read("cmdline")));
            if environment.contains(&needle) || line.contains(&needle) {
                found.insert(id, line);
            }
        }
        Ok(found)
    }

    /// Ends what a test has left running without an engine.
    fn stop_all(&self) {
        for label in &self.labels {
            let of = |backend: &str| self.bottle_home().join(backend).join(label);
            if !["native", "smol"].map(of).iter().any(|folder| folder.exists()) {
                continue;
            }
            let stopped = self.run(&["stop", "--discard", label], STOP);
            if !stopped.as_ref().is_ok_and(|stopped| stopped.status == 0) {
                eprintln!("{label} may be left over: {stopped:?}");
            }
        }
    }

    /// What is kept of bottles.
    pub fn states(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(self.bottle_home().join("state")) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let Some(engine) = &self.engine else {
            self.stop_all();
            return;
        };
        for label in &self.labels {
            if let Err(error) = engine.remove_all(label) {
                eprintln!("objects of {label} may be left over: {error:#}");
            }
        }
    }
}

/// Gives a folder and all below it to a user.
fn give(path: &Path, id: u32) -> Result<()> {
    std::os::unix::fs::lchown(path, Some(id), Some(id))?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            match give(&entry?.path(), id) {
                // A bottle that runs may take it away meanwhile.
                Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(is_gone) => {}
                given => given?,
            }
        }
    }
    Ok(())
}

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_two_stages_differ() {
        let (mut one, mut other) = (Stage::without_engine().unwrap(), Stage::without_engine().unwrap());
        assert_ne!(one.label("x"), other.label("x"));
    }

    #[test]
    fn a_label_is_a_slug() {
        let label = Stage::without_engine().unwrap().label("codex");
        assert!(
            label.len() <= 40
                && label
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        );
    }

    #[test]
    fn files_lie_below_the_bottle_home() {
        let stage = Stage::without_engine().unwrap();
        let file = stage.write_agent("a", "bottle: b\n", "Do it.").unwrap();
        assert!(file.starts_with(stage.bottle_home()));
        assert_eq!(fs::read_to_string(file).unwrap(), "---\nbottle: b\n---\nDo it.\n");
    }
}
