//! Measures all proxies in turn, round by round, so that each is compared with what ran beside it.

use anyhow::{Context, Result};
use serde::Serialize;

use crate::load::{READY, Seen};
use crate::part::{OwnPart, this_program};
use crate::proxies::{Kind, Proxy};
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::tools::Tools;

/// How much is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) without: Vec<String>,
}

/// All that was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Traffic {
    pub(crate) proxies: Vec<Measured>,
    pub(crate) skipped: Vec<Skipped>,
}

/// One proxy.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    /// Resident memory before its first load, in kibibytes.
    pub(crate) idle_resident: Option<u64>,
    /// Resident memory when all is over, in kibibytes.
    pub(crate) final_resident: Option<u64>,
    pub(crate) loads: Vec<Load>,
}

/// One proxy under one kind of load.
#[derive(Debug, Serialize)]
pub(crate) struct Load {
    pub(crate) scenario: Scenario,
    /// One of each round.
    pub(crate) samples: Vec<Sample>,
}

/// What one proxy did in one round.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sample {
    #[serde(flatten)]
    pub(crate) seen: Seen,
    /// Processor time of the proxy per request, in microseconds.
    pub(crate) cpu: Option<f64>,
    /// The peak of its resident memory, in kibibytes.
    pub(crate) peak: Option<u64>,
}

/// A proxy that could not be compared, and why.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) name: &'static str,
    pub(crate) reason: String,
}

/// Starts every proxy and measures.
pub(crate) fn measure(plan: &Plan, tools: &Tools) -> Result<Traffic> {
    let mut traffic = Traffic::default();
    if plan.rounds == 0 {
        return Ok(traffic);
    }
    let scene = Scene::set()?;
    let mut proxies = Vec::new();
    for kind in Kind::ALL {
        if plan.without.iter().any(|name| name == kind.name()) {
            continue;
        }
        match kind.start(&scene, tools) {
            Ok(proxy) => {
                traffic.proxies.push(Measured::new(&proxy)?);
                proxies.push(proxy);
            }
            Err(error) if kind.is_ours() => return Err(error.context(kind.name())),
            Err(error) => traffic.skip(kind, &error),
        }
    }
    for round in 0..plan.rounds {
        eprintln!("round {} of {}", round + 1, plan.rounds);
        for scenario in Scenario::ALL {
            traffic.measure_round(&proxies, scenario, round, plan.seconds)?;
        }
    }
    for (measured, proxy) in traffic.proxies.iter_mut().zip(&proxies) {
        measured.final_resident = proxy.usage()?.map(|usage| usage.resident);
    }
    Ok(traffic)
}

impl Traffic {
    fn skip(&mut self, kind: Kind, error: &anyhow::Error) {
        let (name, reason) = (kind.name(), format!("{error:#}"));
        eprintln!("SKIPPED {name}: {reason}");
        self.skipped.push(Skipped { name, reason });
    }

    /// Each round begins with another proxy.
    fn measure_round(
        &mut self,
        proxies: &[Proxy],
        scenario: Scenario,
        round: usize,
        seconds: f64,
    ) -> Result<()> {
        for turn in 0..proxies.len() {
            let at = (turn + round) % proxies.len();
            if let (Some(proxy), Some(measured)) = (proxies.get(at), self.proxies.get_mut(at)) {
                let sample = measure_once(proxy, scenario, seconds);
                let sample = sample.with_context(|| format!("{}: {}", measured.name, scenario.title()))?;
                let load = measured.loads.iter_mut().find(|load| load.scenario == scenario);
                load.context("a load has no place")?.samples.push(sample);
            }
        }
        Ok(())
    }
}

impl Measured {
    fn new(proxy: &Proxy) -> Result<Self> {
        Ok(Self {
            name: proxy.kind.name(),
            version: proxy.version.clone(),
            idle_resident: proxy.usage()?.map(|usage| usage.resident),
            final_resident: None,
            loads: Scenario::ALL.map(Load::new).into(),
        })
    }
}

impl Load {
    const fn new(scenario: Scenario) -> Self {
        let samples = Vec::new();
        Self { scenario, samples }
    }
}

/// Clients connect and warm up first, so that what is counted is the load alone.
fn measure_once(proxy: &Proxy, scenario: Scenario, seconds: f64) -> Result<Sample> {
    let mut command = this_program()?;
    command.arg("load").args(proxy.way.arguments());
    command.args(["--scenario", scenario.name(), "--seconds", &seconds.to_string()]);
    let mut load = OwnPart::start(&mut command)?;
    while load.hear()? != READY {}
    proxy.forget_peak()?;
    let before = proxy.usage()?;
    load.say("go")?;
    let line = load.hear()?;
    let after = proxy.usage()?;
    let seen: Seen = serde_json::from_str(&line)?;
    let used = before.zip(after).map(|(before, after)| after.cpu - before.cpu);
    Ok(Sample {
        cpu: used
            .filter(|_| seen.requests > 0)
            .map(|used| used / seen.requests as f64),
        peak: after.map(|usage| usage.peak),
        seen,
    })
}
