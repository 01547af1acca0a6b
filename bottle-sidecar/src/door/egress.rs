//! The egress door: its server, and its events on their way to the first process.

use std::io;
use std::os::unix::net::UnixListener;
use std::time::{Duration, UNIX_EPOCH};

use bottle_egress::{CompileError, Listener, OpenError, Settings};
use bottle_plan::egress::EgressPlan;
use bottle_wire::boot::EgressBoot;
use bottle_wire::door::FromDoor;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::forward;
use crate::clock::Clock;
use crate::limits::{DRAIN_TIME, END_TIME};
use crate::serving::Serving;

/// An open door.
#[derive(Debug)]
pub(super) struct Egress {
    serving: Serving,
    forwarding: JoinHandle<()>,
}

/// Says why the door stays closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum EgressError {
    #[error("cannot listen")]
    Listen(#[from] io::Error),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Egress {
    /// Serves the listener; events go the same way as everything else that the door says.
    pub(super) fn open(
        boot: EgressBoot,
        clock: Clock,
        listener: UnixListener,
        say: mpsc::Sender<FromDoor>,
    ) -> Result<Self, EgressError> {
        let listener = Listener::Unix(tokio::net::UnixListener::from_std(listener)?);
        let now = move || UNIX_EPOCH + Duration::from_millis(clock.now());
        let settings = Settings::from_boot(boot, bottle_egress::Clock::new(now))?;
        let (serving, events) = Serving::start(settings, listener)?;
        let forwarding = tokio::spawn(forward(events, say));
        Ok(Self { serving, forwarding })
    }

    /// Puts another policy in force.
    pub(super) fn reload(&self, plan: EgressPlan) -> Result<(), CompileError> {
        self.serving.reload(plan)
    }

    /// Refuses every new request, or no longer.
    pub(super) fn hold(&self, held: bool) {
        self.serving.hold(held);
    }

    /// Ends what is open, and passes on the last events.
    pub(super) async fn drain(self) {
        self.serving.end(DRAIN_TIME).await;
        let _passed_on = tokio::time::timeout(END_TIME / 2, self.forwarding).await;
    }
}
