//! The tables.

use std::collections::BTreeMap;
use std::fmt;

use super::compare::compare;
use super::files::Workload;
use super::{Load, Measured, Scanning};
use crate::summary::median;

/// How many rules a line names.
const NAMED: usize = 12;

impl fmt::Display for Scanning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scanners.is_empty() {
            writeln!(
                f,
                "\nscanners on one core, medians; MB/s* is without the time to start"
            )?;
        }
        for (workload, size) in &self.sizes {
            self.write_load(f, *workload, *size)?;
        }
        let versions = self
            .scanners
            .iter()
            .map(|scanner| format!("{} {}", scanner.name, scanner.version));
        writeln!(f, "\n{}", versions.collect::<Vec<_>>().join(", "))?;
        for skipped in &self.skipped {
            writeln!(f, "SKIPPED {skipped}")?;
        }
        Ok(())
    }
}

impl Scanning {
    fn write_load(&self, f: &mut fmt::Formatter<'_>, workload: Workload, size: usize) -> fmt::Result {
        let megabytes = size as f64 / 1e6;
        writeln!(
            f,
            "\n{:16}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}  {megabytes:.1} MB",
            workload.title(),
            "seconds",
            "CPU s",
            "MB/s",
            "MB/s*",
            "peak MB",
            "findings",
            "common"
        )?;
        let own = self.scanners.first().and_then(|own| own.load(workload));
        for scanner in &self.scanners {
            let (Some(load), Some(own)) = (scanner.load(workload), own) else {
                continue;
            };
            let seconds = load.median(|run| run.seconds);
            let start = scanner
                .load(Workload::Start)
                .map_or(0.0, |start| start.median(|run| run.seconds));
            writeln!(
                f,
                "{:16}{seconds:>10.3}{:>10.2}{:>10.1}{:>10.1}{:>10.1}{:>10}{:>10}",
                scanner.name,
                load.median(|run| run.cpu),
                megabytes / seconds,
                megabytes / (seconds - start).max(1e-3),
                load.median(|run| run.peak as f64 * 1.024e-3),
                load.hits.len(),
                compare(&own.hits, &load.hits).both,
            )?;
        }
        let Some(own) = own else { return Ok(()) };
        for scanner in self.scanners.iter().skip(1) {
            if let Some(load) = scanner.load(workload) {
                let apart = compare(&own.hits, &load.hits);
                write_rules(f, &format!("not {}", scanner.name), &apart.ours)?;
                write_rules(f, &format!("only {}", scanner.name), &apart.theirs)?;
            }
        }
        Ok(())
    }
}

fn write_rules(f: &mut fmt::Formatter<'_>, who: &str, rules: &BTreeMap<String, usize>) -> fmt::Result {
    if rules.is_empty() {
        return Ok(());
    }
    let mut most: Vec<_> = rules.iter().collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let named: Vec<String> = most
        .iter()
        .take(NAMED)
        .map(|(rule, count)| format!("{rule} {count}"))
        .collect();
    let others = most.len().saturating_sub(NAMED);
    let total: usize = rules.values().sum();
    writeln!(
        f,
        "  {who}: {total}: {}{}",
        named.join(", "),
        if others > 0 {
            format!(", {others} other rules")
        } else {
            String::new()
        }
    )
}

impl Measured {
    fn load(&self, workload: Workload) -> Option<&Load> {
        self.loads.iter().find(|load| load.workload == workload)
    }
}

impl Load {
    fn median(&self, what: impl Fn(&super::Run) -> f64) -> f64 {
        median(self.runs.iter().map(what)).unwrap_or(f64::NAN)
    }
}
