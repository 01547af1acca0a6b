//! What a bottle adds to a machine, measured in the lab side by side: an emulated host is slow, and its ratios hold.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{FILES, Payload};
use crate::machine::Machine;
use crate::{dist, process};

/// How long is measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many pairs of starts; each has three commands on either side
    #[arg(long, value_name = "ROUNDS", default_value_t = 5)]
    rounds: usize,
    /// The most minutes that one try may take
    #[arg(long, value_name = "MINUTES", default_value_t = 20)]
    minutes: u64,
}

/// Builds what is measured, as it is shipped, and measures it in the lab.
pub(crate) fn run(machine: &Machine, options: &Options) -> Result<()> {
    let lab = super::ensure(machine)?;
    dist::build(machine, &dist::Options::shipped())?;
    process::run(
        machine
            .cargo()
            .args(["build", "--locked", "--release", "--package=bottle-cli"]),
    )?;
    let folder = machine.target().join("microvm-lab/bench");
    let results = machine.target().join("microvm-lab/bench-results");
    for old in [&folder, &results] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    let programs = folder.join("programs");
    fs::create_dir_all(&programs)?;
    let dist = machine.target().join("dist").join(std::env::consts::ARCH);
    let copies = [
        (
            machine.root.join(FILES).join("bench/run.sh"),
            folder.join("run.sh"),
        ),
        (machine.target().join("release/bottle"), programs.join("bottle")),
        (dist.join("bottle-sidecar"), programs.join("bottle-sidecar")),
        (dist.join("bottle-relay"), programs.join("bottle-relay")),
    ];
    for (from, to) in copies {
        fs::copy(&from, &to).with_context(|| format!("{} is not there", from.display()))?;
    }
    fs::write(folder.join("rounds"), options.rounds.to_string())?;
    let payload = Payload {
        folder: &folder,
        results: Some(&results),
        limit: Duration::from_secs(60 * options.minutes),
    };
    lab.run(machine, &payload, &mut |_| Ok(false))?;
    report(&results.join("samples"))
}

fn report(samples: &Path) -> Result<()> {
    let text = fs::read_to_string(samples).context("the lab left no samples")?;
    for kind in ["start", "exec"] {
        let of = |way: &str| median(&text, kind, way);
        let (bottle, bare) = (of("bottle")?, of("bare")?);
        println!(
            "{kind}: {bottle} ms in a bottle, {bare} ms bare, {:.2} times (medians of an emulated host)",
            f64::from(bottle) / f64::from(bare)
        );
    }
    Ok(())
}

/// Reads lines of `KIND WAY MILLISECONDS`.
fn median(text: &str, kind: &str, way: &str) -> Result<u32> {
    let samples = text.lines().filter_map(|line| {
        let number = line.strip_prefix(kind)?.trim_start().strip_prefix(way)?;
        number.trim().parse::<u32>().ok()
    });
    let mut samples: Vec<u32> = samples.collect();
    samples.sort_unstable();
    ensure!(!samples.is_empty(), "no sample of {kind} {way}");
    samples
        .get(samples.len() / 2)
        .copied()
        .context("no sample in the middle")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_one_kind_and_way() {
        let text = "start bare 3\nstart bare 1\nstart bare 9\nstart bottle 4\nexec bare 7\n";
        assert_eq!(median(text, "start", "bare").unwrap(), 3);
        assert_eq!(median(text, "start", "bottle").unwrap(), 4);
        assert!(median(text, "exec", "bottle").is_err());
    }
}
