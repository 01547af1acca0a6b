//! The proxies that are compared.

mod egress;
mod forwarder;
mod mitmproxy;
mod squid;

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::client::{Client, Way};
use crate::part::Part;
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::tools::Tools;
use crate::usage::{self, Usage};

/// A way that requests can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Egress,
    EgressWithEvents,
    Mitmproxy,
    Squid,
    Forwarder,
    Direct,
}

/// A proxy that runs, or none.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) kind: Kind,
    /// What it says of its version.
    pub(crate) version: String,
    pub(crate) way: Way,
    part: Option<Part>,
}

/// How long one request may take when a proxy is tried; some make a key then.
const TRY: Duration = Duration::from_secs(20);

impl Kind {
    /// All of them, ours first.
    pub(crate) const ALL: [Self; 6] = [
        Self::Egress,
        Self::EgressWithEvents,
        Self::Mitmproxy,
        Self::Squid,
        Self::Forwarder,
        Self::Direct,
    ];

    /// Tells whether nothing needs to be fetched for it: it is there, or something is wrong.
    pub(crate) fn is_ours(self) -> bool {
        !matches!(self, Self::Mitmproxy | Self::Squid)
    }

    /// What tables and arguments call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::EgressWithEvents => "egress+events",
            Self::Mitmproxy => "mitmproxy",
            Self::Squid => "squid",
            Self::Forwarder => "forwarder",
            Self::Direct => "direct",
        }
    }

    /// Starts it and makes sure that it does what it is compared for.
    pub(crate) fn start(self, scene: &Scene, tools: &Tools) -> Result<Proxy> {
        let proxy = match self {
            Self::Egress | Self::EgressWithEvents => egress::start(self, scene),
            Self::Mitmproxy => mitmproxy::start(scene, tools),
            Self::Squid => squid::start(scene, tools),
            Self::Forwarder => forwarder::start(scene),
            Self::Direct => Ok(Proxy {
                kind: self,
                version: String::new(),
                way: scene.direct(),
                part: None,
            }),
        }?;
        let tried = proxy.try_out(scene);
        tried.with_context(|| proxy.part.as_ref().map(Part::log_tail).unwrap_or_default())?;
        Ok(proxy)
    }
}

impl Proxy {
    /// What its processes have used; none without a process.
    pub(crate) fn usage(&self) -> Result<Option<Usage>> {
        self.part
            .as_ref()
            .map(|part| usage::of_tree(part.id()))
            .transpose()
    }

    /// Begins to count the peak of its memory anew.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        self.part
            .as_ref()
            .map_or(Ok(()), |part| usage::forget_peak(part.id()))
    }

    /// Clients trust the interceptor alone, so an answer means that TLS was opened; and a forged upstream must fail.
    fn try_out(&self, scene: &Scene) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let good = tokio::time::timeout(TRY, get(&self.way)).await;
            good.context("it does not answer").flatten()?;
            let [_, upstream] = scene.ports();
            let forged = Way {
                upstream,
                ..self.way.clone()
            };
            let forged = tokio::time::timeout(TRY, get(&forged)).await;
            ensure!(
                !matches!(forged, Ok(Ok(()))),
                "it does not verify upstream certificates"
            );
            Ok(())
        })
    }
}

async fn get(way: &Way) -> Result<()> {
    let mut client = Client::connect(&way.route()?).await?;
    client
        .expect(&Scenario::Small.request(way.upstream), Scenario::Small)
        .await
}
