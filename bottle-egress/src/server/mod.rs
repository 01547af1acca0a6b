//! The server: accepts guests' connections and acts on what was decided.

mod answer;
mod connection;
mod events;
mod exchange;
mod informational;
mod listener;
mod local;
mod metrics;
mod place;
mod rates;
mod reading;
mod relay;
mod requests;
mod response;
mod settings;
mod shared;
#[cfg(feature = "testing")]
pub(crate) mod testing;
mod token;
mod tunnel;

pub use events::event_channel;
pub use listener::Listener;
pub use settings::{OpenError, Settings};

use std::future::Future;
use std::sync::Arc;

use bottle_plan::egress::EgressPlan;
use bottle_wire::event::Event;
use tokio::sync::mpsc::Sender;

use crate::policy::{CompileError, Policy};
use shared::Shared;

/// An egress door. Clones share everything.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use std::time::SystemTime;
/// use bottle_egress::{CertificateAuthority, Clock, Listener, Server, Settings, SystemResolver, event_channel, mint};
/// use bottle_plan::egress::{EgressPlan, Route, RouteOwner};
/// use tokio::net::TcpListener;
///
/// // The guest must trust `minted.certificate`; the key never goes near it.
/// let minted = mint("example", SystemTime::now())?;
/// let routes = vec![Route::to("api.example.com".parse()?, RouteOwner::Manifest)];
/// let settings = Settings {
///     plan: EgressPlan { routes, ..EgressPlan::default() },
///     tokens: Default::default(),
///     authority: CertificateAuthority::load(&minted.certificate, &minted.key)?,
///     roots: Vec::new(),          // the roots that upstream certificates are verified by
///     upstream_roots: Vec::new(), // further ones, each for one host
///     host_addresses: Vec::new(), // the machine's own addresses, never to be reached
///     clock: Clock::new(SystemTime::now),
///     resolver: std::sync::Arc::new(SystemResolver),
/// };
/// let (sender, mut events) = event_channel();
/// let server = Server::new(settings, sender)?;
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?; // for the guest: HTTPS_PROXY=http://any:let-me-in@<address>
/// let listener = Listener::Tcp { listener, token: "let-me-in".to_owned().into() };
/// let serving = tokio::spawn({
///     let server = server.clone();
///     async move { server.serve(listener, std::future::pending()).await }
/// });
/// // Every decision comes out of `events.recv()`; whoever holds it must keep receiving.
/// server.reload(EgressPlan::default())?; // from now on nothing is allowed
/// # serving.abort();
/// # drop((address, events.try_recv()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

impl Server {
    /// Opens a door with its first policy; events leave by the sender that [`event_channel`] made.
    ///
    /// # Errors
    ///
    /// When the policy, the authority or an upstream authority cannot be used.
    pub fn new(settings: Settings, events: Sender<Event>) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::new(settings, events)?);
        Ok(Self { shared })
    }

    /// Serves a listener until the given future ends. Connections that are then open are cut off.
    pub async fn serve(&self, listener: Listener, until: impl Future<Output = ()>) {
        listener::serve(&self.shared, listener, until).await;
    }

    /// Puts another policy in force, whole and at once. Requests under way that it refuses are cut off.
    ///
    /// # Errors
    ///
    /// When the policy cannot be compiled with the credentials that are there; then the old one stays.
    pub fn reload(&self, plan: EgressPlan) -> Result<(), CompileError> {
        self.shared.reload(plan)
    }

    /// Refuses every new request at once, as long as `held`: whoever keeps the events has no room for more. Those under
    /// way end and are recorded, and afterwards one event says how many were refused without any.
    pub fn hold(&self, held: bool) {
        self.shared.recorder.hold(held);
    }

    /// Returns the policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.shared.policy()
    }
}
