//! The image that ours are built on: pulled where a registry can be reached, else made of Debian's packages.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::api::{Api, Silence};
use super::service;
use crate::machine::Machine;
use crate::process;

const REPOSITORY: &str = "debian";
const TAG: &str = "bookworm-slim";
const RELEASE: &str = "bookworm";

/// A registry that says nothing for so long cannot be reached.
const PULL_SILENCE: Silence = Silence(Duration::from_secs(20));
/// An import of some 130 MB, on a slow disk.
const IMPORT_SILENCE: Silence = Silence(Duration::from_secs(300));
const QUICK: Silence = Silence(Duration::from_secs(30));

pub(super) fn ensure_image(machine: &Machine, api: &Api) -> Result<()> {
    if is_there(api)? || pull(api)? {
        return Ok(());
    }
    if !machine.may_install_packages() {
        bail!(
            "the image {REPOSITORY}:{TAG} is neither here nor can it be pulled; make it with `debootstrap \
             --variant=minbase --include=ca-certificates {RELEASE} DIR` and `tar -C DIR -c . | docker import - \
             {REPOSITORY}:{TAG}`, or run this as root on Debian, where it does so itself"
        );
    }
    make(machine, api)
}

fn is_there(api: &Api) -> Result<bool> {
    Ok(api
        .send("GET", &format!("/images/{REPOSITORY}:{TAG}/json"), QUICK)?
        .status
        == 200)
}

fn pull(api: &Api) -> Result<bool> {
    eprintln!("pulling {REPOSITORY}:{TAG}");
    let path = format!("/images/create?fromImage={REPOSITORY}&tag={TAG}");
    match api.send("POST", &path, PULL_SILENCE) {
        Ok(answer) if answer.status == 200 => is_there(api),
        Ok(answer) => {
            eprintln!("it cannot be pulled: {}", answer.body.trim());
            Ok(false)
        }
        Err(error) => {
            eprintln!("it cannot be pulled: {error:#}");
            Ok(false)
        }
    }
}

fn make(machine: &Machine, api: &Api) -> Result<()> {
    service::install_missing(machine, &[("debootstrap", "debootstrap")])?;
    let work = Work::new(machine)?;
    let tree = work.folder.join("root");
    eprintln!("making {REPOSITORY}:{TAG} of Debian's packages; this takes a minute");
    let debootstrap = machine
        .find_program("debootstrap")
        .context("there is no debootstrap")?;
    let mut command = Command::new(debootstrap);
    command
        .args(["--variant=minbase", "--include=ca-certificates", RELEASE])
        .arg(&tree);
    process::run(command.stdout(Stdio::null()))?;
    remove_contents(&tree.join("var/cache/apt/archives"))?;
    remove_contents(&tree.join("var/lib/apt/lists"))?;
    let archive = work.folder.join("root.tar");
    process::run(
        Command::new("tar")
            .arg("-C")
            .arg(&tree)
            .args(["--numeric-owner", "-cf"])
            .arg(&archive)
            .arg("."),
    )?;
    // `changes` is `CMD ["bash"]`, percent-encoded.
    let path = format!("/images/create?fromSrc=-&repo={REPOSITORY}&tag={TAG}&changes=CMD%20%5B%22bash%22%5D");
    let answer = api.post_file(&path, File::open(&archive)?, IMPORT_SILENCE)?;
    if !is_there(api)? {
        bail!("the engine did not import the image: {}", answer.body.trim());
    }
    Ok(())
}

fn remove_contents(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// A folder that is gone when its owner is.
struct Work {
    folder: std::path::PathBuf,
}

impl Work {
    fn new(machine: &Machine) -> Result<Self> {
        let folder = machine.target().join("engine").join("base");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("{} is left over: {error}", self.folder.display());
        }
    }
}
