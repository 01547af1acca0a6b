//! The server: accepts guests' connections and acts on what was decided.

mod answer;
mod connection;
mod events;
mod exchange;
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

    /// Returns the policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.shared.policy()
    }
}
