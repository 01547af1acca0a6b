//! What all connections of a door share.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use arc_swap::ArcSwap;
use bottle_plan::egress::EgressPlan;
use bottle_plan::names::TokenSlot;
use bottle_util::Secret;
use bottle_wire::event::Event;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

use super::events::Recorder;
use super::metrics::Metrics;
use super::rates::Rates;
use super::{OpenError, Settings};
use crate::limits;
use crate::policy::{CompileError, Policy};
use crate::tls::{GuestTls, Trust};
use crate::upstream::{CachedResolver, Pool};

#[derive(Debug)]
pub(super) struct Shared {
    policy: ArcSwap<Policy>,
    reloaded: watch::Sender<()>,
    tokens: BTreeMap<TokenSlot, Secret>,
    host_addresses: Vec<IpAddr>,
    pub(super) tls: GuestTls,
    pub(super) pool: Pool,
    pub(super) resolver: CachedResolver,
    pub(super) recorder: Arc<Recorder>,
    pub(super) rates: Rates,
    pub(super) connections: Arc<Semaphore>,
}

impl Shared {
    pub(super) fn new(settings: Settings, events: Sender<Event>) -> Result<Self, OpenError> {
        let policy = Policy::compile(settings.plan, &settings.tokens, &settings.host_addresses)?;
        let trust = Trust::new(&settings.roots, &settings.upstream_roots)?;
        let recorder = Recorder {
            sender: events,
            clock: settings.clock.clone(),
            metrics: Metrics::default(),
            held: AtomicBool::new(false),
            unrecorded: AtomicU64::new(0),
        };
        Ok(Self {
            policy: ArcSwap::from_pointee(policy),
            reloaded: watch::Sender::new(()),
            tokens: settings.tokens,
            host_addresses: settings.host_addresses,
            tls: GuestTls::new(settings.authority, settings.clock)?,
            pool: Pool::new(trust),
            resolver: CachedResolver::new(settings.resolver),
            recorder: Arc::new(recorder),
            rates: Rates::new(),
            connections: Arc::new(Semaphore::new(limits::CONNECTIONS)),
        })
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    pub(super) fn reload(&self, plan: EgressPlan) -> Result<(), CompileError> {
        let policy = Policy::compile(plan, &self.tokens, &self.host_addresses)?;
        self.policy.store(Arc::new(policy));
        self.reloaded.send_replace(());
        Ok(())
    }

    /// Tells of every reload from now on.
    pub(super) fn reloads(&self) -> watch::Receiver<()> {
        self.reloaded.subscribe()
    }
}
