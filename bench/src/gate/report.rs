//! The table.

use std::fmt;

use super::{Gates, Measured, Sample, Work};
use crate::summary::median;

impl fmt::Display for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.measured.is_empty() {
            writeln!(
                f,
                "\ngit through gates, medians; a clone is of {:.0} MB; CPU is of client, gate and upstream together",
                self.large as f64 / 1e6,
            )?;
            for work in Work::ALL {
                self.write_work(f, work)?;
            }
            let versions = self
                .measured
                .iter()
                .map(|one| format!("{} {}", one.name, one.version));
            writeln!(f, "\n{}", versions.collect::<Vec<_>>().join(", "))?;
        }
        for skipped in &self.skipped {
            writeln!(f, "SKIPPED {skipped}")?;
        }
        Ok(())
    }
}

impl Gates {
    fn write_work(&self, f: &mut fmt::Formatter<'_>, work: Work) -> fmt::Result {
        writeln!(
            f,
            "\n{:22}{:>10}{:>10}{:>12}{:>12}",
            work.title(),
            "seconds",
            "CPU s",
            "of direct",
            "CPU of it"
        )?;
        let direct = self.measured.first();
        for one in &self.measured {
            let samples = one.samples(work);
            let Some(direct) = direct.filter(|_| !samples.is_empty()) else {
                continue;
            };
            let middle = |what: fn(&Sample) -> f64| median(samples.iter().map(what)).unwrap_or_default();
            // Each beside the direct one of its own round.
            let ratio = |what: fn(&Sample) -> f64| {
                let pairs = samples.iter().zip(direct.samples(work));
                median(pairs.map(|(own, direct)| what(own) / what(direct))).unwrap_or_default()
            };
            writeln!(
                f,
                "{:22}{:>10.2}{:>10.2}{:>12.2}{:>12.2}",
                one.name,
                middle(|sample| sample.seconds),
                middle(|sample| sample.cpu),
                ratio(|sample| sample.seconds),
                ratio(|sample| sample.cpu),
            )?;
        }
        Ok(())
    }
}

impl Measured {
    fn samples(&self, work: Work) -> &[Sample] {
        let load = self.loads.iter().find(|load| load.work == work);
        load.map_or(&[], |load| &load.samples)
    }
}
