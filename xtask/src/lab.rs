//! A software-emulated host with a working KVM and the real smolvm, so that microVMs can be tried on a machine without
//! hardware virtualisation.

pub(crate) mod bench;
mod boot;
mod make;
pub(crate) mod suites;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::lab::watch::{Ending, Tried};
use crate::machine::Machine;
use crate::process;

pub(crate) use make::ensure;

/// Its own files, in the checkout.
const FILES: &str = "tests/microvm-lab";
/// Under emulation, the lab itself dies now and then.
const TRIES: usize = 2;
/// However much each try brings.
const MOST_TRIES: usize = 8;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The folder whose `run.sh` is run in the lab, as root; without one the lab is made and that is all
    #[arg(value_name = "FOLDER")]
    payload: Option<PathBuf>,
    /// Where to put what it leaves in `/results`
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
    /// The most minutes that one try may take
    #[arg(long, value_name = "MINUTES", default_value_t = 15)]
    minutes: u64,
}

/// Makes the lab if need be, and runs what it is given there.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<()> {
    let lab = ensure(machine)?;
    let Some(folder) = &options.payload else {
        println!("the lab is in {}", lab.folder.display());
        return Ok(());
    };
    let payload = Payload {
        folder,
        results: options.results.as_deref(),
        limit: Duration::from_secs(60 * options.minutes),
    };
    lab.run(machine, &payload, &mut |_| Ok(false))
}

/// Makes the recordings of smolvm that unit tests read: the whole of what the real program says, in the lab.
pub(crate) fn record(machine: &Machine) -> Result<()> {
    let results = machine.root.join("bottle-backend-smol/src/client/recorded");
    let payload = Payload {
        folder: &machine.root.join(FILES).join("record"),
        results: Some(&results),
        limit: Duration::from_secs(30 * 60),
    };
    ensure(machine)?.run(machine, &payload, &mut |_| Ok(false))
}

/// What is run in the lab.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    /// The folder with `run.sh`, which the lab sees as `/payload`.
    pub(crate) folder: &'a Path,
    /// Where what it leaves in `/results` goes.
    pub(crate) results: Option<&'a Path>,
    /// The most time that one try may take.
    pub(crate) limit: Duration,
}

/// A lab that can be booted.
#[derive(Debug)]
pub(crate) struct Lab {
    pub(crate) folder: PathBuf,
}

impl Lab {
    /// Runs a payload. A lab that dies or hangs is booted once more, and again as often as `progress` says that the try
    /// before has brought something; every try is told at the end.
    pub(crate) fn run(
        &self,
        machine: &Machine,
        payload: &Payload<'_>,
        progress: &mut dyn FnMut(&Tried) -> Result<bool>,
    ) -> Result<()> {
        let work = Work::new(machine)?;
        let (mut tries, mut left) = (Vec::new(), TRIES);
        while left > 0 && tries.len() < MOST_TRIES {
            let tried = self.boot(machine, payload, &work.folder)?;
            let finished = matches!(tried.ending, Ending::Finished(_));
            left = match progress(&tried)? {
                true => TRIES,
                false => left - 1,
            };
            tries.push(tried);
            if finished {
                break;
            }
        }
        for (number, tried) in tries.iter().enumerate() {
            println!("lab, try {}: {tried}", number + 1);
        }
        match tries.last().map(|tried| &tried.ending) {
            Some(Ending::Finished(status)) => {
                self.fetch(payload, &work.folder)?;
                match status {
                    0 => Ok(()),
                    status => bail!("what was run in the lab ended with {status}"),
                }
            }
            _ => bail!("the lab did not live long enough, {} times", tries.len()),
        }
    }

    fn fetch(&self, payload: &Payload<'_>, work: &Path) -> Result<()> {
        let Some(results) = payload.results else {
            return Ok(());
        };
        fs::create_dir_all(results).with_context(|| results.display().to_string())?;
        process::run(
            Command::new("tar")
                .args(["--no-same-owner", "--no-same-permissions", "-xf"])
                .arg(work.join(boot::RESULTS))
                .arg("-C")
                .arg(results),
        )
    }
}

/// A folder that is gone when its owner is.
#[derive(Debug)]
struct Work {
    folder: PathBuf,
}

impl Work {
    fn new(machine: &Machine) -> Result<Self> {
        let folder = machine
            .target()
            .join("microvm-lab")
            .join(std::process::id().to_string());
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
