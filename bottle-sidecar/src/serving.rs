//! An egress server in the background, with a way to end it.

use std::time::Duration;

use bottle_egress::{CompileError, Listener, OpenError, Server, Settings, event_channel};
use bottle_plan::egress::EgressPlan;
use bottle_wire::event::Event;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::limits::END_TIME;

/// How often requests under way are counted while a server is to end.
const IDLE_INTERVAL: Duration = Duration::from_millis(20);

/// A server that accepts.
#[derive(Debug)]
pub(crate) struct Serving {
    server: Server,
    /// Room for events: each request under way holds a place in it.
    room: mpsc::Sender<Event>,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
}

impl Serving {
    /// Opens a server and accepts; its events must be taken, or it refuses every request.
    ///
    /// # Errors
    ///
    /// When the policy or a certificate cannot be used.
    pub(crate) fn start(
        settings: Settings,
        listener: Listener,
    ) -> Result<(Self, mpsc::Receiver<Event>), OpenError> {
        let (sender, events) = event_channel();
        let server = Server::new(settings, sender.clone())?;
        let (stop, stopped) = oneshot::channel::<()>();
        let accepting = tokio::spawn({
            let server = server.clone();
            async move {
                let stopped = async {
                    // A dropped sender ends it as well.
                    let _stop = stopped.await;
                };
                server.serve(listener, stopped).await;
            }
        });
        let serving = Self {
            server,
            room: sender,
            stop,
            accepting,
        };
        Ok((serving, events))
    }

    /// Puts another policy in force.
    ///
    /// # Errors
    ///
    /// When it cannot be compiled; the old one stays then.
    pub(crate) fn reload(&self, plan: EgressPlan) -> Result<(), CompileError> {
        self.server.reload(plan)
    }

    /// Refuses every new request, or no longer.
    pub(crate) fn hold(&self, held: bool) {
        self.server.hold(held);
    }

    /// Waits for the requests that are under way, within a bound, and ends; the events end after it.
    ///
    /// Whoever bound the listener sees to it that no new client finds it.
    pub(crate) async fn end(self, within: Duration) {
        if timeout(within, idle(&self.room)).await.is_err() {
            tracing::warn!("requests that did not end in time are cut off");
        }
        // It may have ended by itself.
        let _stopping = self.stop.send(());
        let _given_up = timeout(END_TIME / 4, self.accepting).await;
    }
}

async fn idle(room: &mpsc::Sender<Event>) {
    while room.capacity() < room.max_capacity() {
        tokio::time::sleep(IDLE_INTERVAL).await;
    }
}
