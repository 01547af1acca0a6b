//! The clients of one measurement, in a process of their own: connected first, then told to begin.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::{Client, Route, Way};
use crate::scenario::Scenario;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    way: Way,
    #[arg(long)]
    scenario: Scenario,
    #[arg(long)]
    seconds: f64,
}

/// What the clients saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) requests: usize,
    pub(crate) seconds: f64,
    /// Half of all requests took no longer, in microseconds.
    pub(crate) p50: f64,
    /// 99 of 100 took no longer, in microseconds.
    pub(crate) p99: f64,
    pub(crate) errors: usize,
    pub(crate) first_error: Option<String>,
}

/// What the process says when its clients are connected.
pub(crate) const READY: &str = "ready";
/// How many clients there are.
pub(crate) const CLIENTS: usize = 16;

const WARM_UP: Duration = Duration::from_millis(300);
/// How long a request may last beyond the end of the measurement.
const LAST_REQUEST: Duration = Duration::from_secs(10);

/// Connects, says so, waits for a line, works and says what was seen.
pub(crate) fn run(options: &Options) -> Result<()> {
    let work = Arc::new(Work {
        route: options.way.route()?,
        request: options.scenario.request(options.way.upstream),
        scenario: options.scenario,
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let warm = runtime.block_on(work_for(&work, start(), WARM_UP));
    println!("{READY}");
    io::stdout().flush()?;
    io::stdin().read_line(&mut String::new())?;
    let begin = Instant::now();
    let ended = runtime.block_on(work_for(&work, warm, Duration::from_secs_f64(options.seconds)));
    let seen = Seen::of(&ended, begin.elapsed());
    println!("{}", serde_json::to_string(&seen)?);
    Ok(())
}

struct Work {
    route: Route,
    request: Vec<u8>,
    scenario: Scenario,
}

/// A client with what it has seen.
#[derive(Default)]
struct Worker {
    client: Option<Client>,
    nanoseconds: Vec<u64>,
    errors: Vec<String>,
}

fn start() -> Vec<Worker> {
    std::iter::repeat_with(Worker::default).take(CLIENTS).collect()
}

/// Lets all clients work for some time; what they saw before is forgotten.
async fn work_for(work: &Arc<Work>, workers: Vec<Worker>, time: Duration) -> Vec<Worker> {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for worker in workers {
        let work = Arc::clone(work);
        tasks.spawn(async move { worker.work_until(&work, end).await });
    }
    tasks.join_all().await
}

impl Worker {
    async fn work_until(self, work: &Work, end: Instant) -> Self {
        let mut fresh = Self {
            client: self.client,
            ..Self::default()
        };
        while Instant::now() < end {
            let begin = Instant::now();
            let longest = end.saturating_duration_since(begin) + LAST_REQUEST;
            let done = timeout(longest, fresh.work_once(work)).await;
            match done.context("no answer came").flatten() {
                Ok(()) => fresh
                    .nanoseconds
                    .push(begin.elapsed().as_nanos().try_into().unwrap_or(u64::MAX)),
                Err(error) => {
                    fresh.client = None;
                    fresh.errors.push(format!("{error:#}"));
                }
            }
        }
        fresh
    }

    async fn work_once(&mut self, work: &Work) -> Result<()> {
        if !work.scenario.keeps_connections() {
            self.client = None;
        }
        let client = match &mut self.client {
            Some(client) => client,
            None => self.client.insert(Client::connect(&work.route).await?),
        };
        client.expect(&work.request, work.scenario).await
    }
}

impl Seen {
    fn of(workers: &[Worker], time: Duration) -> Self {
        let mut all: Vec<u64> = workers
            .iter()
            .flat_map(|worker| &worker.nanoseconds)
            .copied()
            .collect();
        all.sort_unstable();
        let mut errors = workers.iter().flat_map(|worker| &worker.errors);
        Self {
            requests: all.len(),
            seconds: time.as_secs_f64(),
            p50: percentile(&all, 50),
            p99: percentile(&all, 99),
            first_error: errors.next().cloned(),
            errors: workers.iter().map(|worker| worker.errors.len()).sum(),
        }
    }
}

/// The nearest rank of a sorted list, in microseconds.
fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sorted: Vec<u64> = (1..=200).map(|one| one * 1000).collect();
        assert_eq!(percentile(&sorted, 50), 100.0);
        assert_eq!(percentile(&sorted, 99), 198.0);
        assert_eq!(percentile(&[], 99), 0.0);
    }
}
