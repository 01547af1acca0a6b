//! The tables, ratios first.

use std::fmt;

use serde::Serialize;

use crate::gate::Gates;
use crate::guests::Guests;
use crate::inbox::Inboxes;
use crate::scanning::Scanning;
use crate::scenario::Scenario;
use crate::start::Starts;
use crate::summary::median;
use crate::traffic::{Measured, Traffic};

/// Everything that one run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) traffic: Traffic,
    pub(crate) start: Starts,
    pub(crate) scanning: Scanning,
    pub(crate) guests: Guests,
    pub(crate) gate: Gates,
    pub(crate) inbox: Inboxes,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.traffic.proxies.is_empty() {
            self.traffic.fmt(f)?;
        }
        self.start.fmt(f)?;
        self.scanning.fmt(f)?;
        self.guests.fmt(f)?;
        self.gate.fmt(f)?;
        self.inbox.fmt(f)
    }
}

impl fmt::Display for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bottle.is_empty() && self.skipped.is_none() {
            return Ok(());
        }
        if let Some(reason) = &self.skipped {
            return writeln!(f, "SKIPPED start: {reason}");
        }
        let seconds = |all: &[f64]| number(median(all.iter().copied()), 3);
        writeln!(
            f,
            "\nfrom the command to a working agent: {} times the same two containers started bare ({} s, {} s)",
            times(self.ratio()),
            seconds(&self.bottle),
            seconds(&self.bare),
        )
    }
}

impl fmt::Display for Guests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let middle = |all: &[f64], factor: f64, digits| {
            number(median(all.iter().copied()).map(|middle| middle * factor), digits)
        };
        if !self.guest.is_empty() {
            writeln!(
                f,
                "\na guest, to the end of its first command: {} times bubblewrap with the same mounts ({} ms, {} ms)",
                times(Self::beside(&self.guest, &self.bubblewrap)),
                middle(&self.guest, 1e3, 1),
                middle(&self.bubblewrap, 1e3, 1),
            )?;
        }
        if !self.native.is_empty() {
            writeln!(
                f,
                "a whole bottle in namespaces: {} times one of the docker backend ({} ms, {} ms)",
                times(Self::beside(&self.native, &self.docker)),
                middle(&self.native, 1e3, 0),
                middle(&self.docker, 1e3, 0),
            )?;
        }
        if !self.one_more.is_empty() {
            writeln!(
                f,
                "{} bottles at once: the last tenth started in {} times the first tenth's time ({} ms the median); \
                 memory of a relay {} MB, of a guest's first process {} MB",
                self.one_more.len(),
                times(self.growth()),
                middle(&self.one_more, 1e3, 0),
                middle(&self.relay, 1.024e-3, 2),
                middle(&self.first, 1.024e-3, 2),
            )?;
        }
        self.skipped
            .iter()
            .try_for_each(|what| writeln!(f, "SKIPPED {what}"))
    }
}

impl fmt::Display for Inboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |numbers: &[f64]| number(median(numbers.iter().map(|one| one * 1e3)), 1);
        if !self.opened.is_empty() {
            let slowest = self.keys.iter().copied().reduce(f64::max);
            writeln!(
                f,
                "\nthe inbox over {} bottles with 50 questions each, beside one exec per bottle ({} ms): open {} ({} ms), \
                 every bottle asked {} ({} ms); from a key to the screen {} ms, at most {} ms",
                self.bottles,
                milliseconds(&self.execs),
                times(self.ratio(&self.opened)),
                milliseconds(&self.opened),
                times(self.ratio(&self.asked)),
                milliseconds(&self.asked),
                milliseconds(&self.keys),
                number(slowest.map(|most| most * 1e3), 1),
            )?;
        }
        self.skipped
            .iter()
            .try_for_each(|what| writeln!(f, "SKIPPED {what}"))
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((own, others)) = self.proxies.split_first() {
            write_ratios(f, own, others)?;
        }
        writeln!(f, "\nMedians of all rounds; CPU is the proxy's alone.")?;
        for scenario in Scenario::ALL {
            write_figures(f, scenario, &self.proxies)?;
        }
        write_memory(f, &self.proxies)?;
        for skipped in &self.skipped {
            writeln!(f, "SKIPPED {}: {}", skipped.name, skipped.reason)?;
        }
        Ok(())
    }
}

fn write_ratios(f: &mut fmt::Formatter<'_>, own: &Measured, others: &[Measured]) -> fmt::Result {
    writeln!(
        f,
        "\n{} is so many times as good as (medians of the rounds' ratios)",
        own.name
    )?;
    write!(f, "{:31}", "")?;
    for other in others {
        write!(f, "{:>14}", other.name)?;
    }
    writeln!(f)?;
    for scenario in Scenario::ALL {
        write!(f, "{:16}{:15}", scenario.title(), "CPU/request")?;
        for other in others {
            write!(f, "{:>14}", times(own.cpu_ratio(other, scenario)))?;
        }
        write!(f, "\n{:16}{:15}", "", "requests/s")?;
        for other in others {
            write!(f, "{:>14}", times(own.rate_ratio(other, scenario)))?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn write_figures(f: &mut fmt::Formatter<'_>, scenario: Scenario, proxies: &[Measured]) -> fmt::Result {
    writeln!(
        f,
        "\n{:16}{:>12}{:>10}{:>10}{:>12}{:>10}{:>8}",
        scenario.title(),
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs",
        "peak MB",
        "errors"
    )?;
    for proxy in proxies {
        let median = |what: &dyn Fn(&_) -> Option<f64>| proxy.median_of(scenario, what);
        let errors: usize = proxy
            .samples(scenario)
            .iter()
            .map(|sample| sample.seen.errors)
            .sum();
        writeln!(
            f,
            "{:16}{:>12}{:>10}{:>10}{:>12}{:>10}{:>8}",
            proxy.name,
            number(median(&|sample| Some(sample.rate())), 0),
            number(median(&|sample| Some(sample.seen.p50 / 1e3)), 2),
            number(median(&|sample| Some(sample.seen.p99 / 1e3)), 2),
            number(median(&|sample| sample.cpu), 1),
            number(median(&|sample| sample.peak.map(megabytes)), 1),
            errors,
        )?;
    }
    Ok(())
}

fn write_memory(f: &mut fmt::Formatter<'_>, proxies: &[Measured]) -> fmt::Result {
    writeln!(
        f,
        "\n{:16}{:>12}{:>12}  version",
        "resident MB", "idle", "after load"
    )?;
    for proxy in proxies.iter().filter(|proxy| proxy.idle_resident.is_some()) {
        writeln!(
            f,
            "{:16}{:>12}{:>12}  {}",
            proxy.name,
            number(proxy.idle_resident.map(megabytes), 1),
            number(proxy.final_resident.map(megabytes), 1),
            proxy.version,
        )?;
    }
    Ok(())
}

fn megabytes(kibibytes: u64) -> f64 {
    kibibytes as f64 * 1.024e-3
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

fn number(number: Option<f64>, digits: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
}
