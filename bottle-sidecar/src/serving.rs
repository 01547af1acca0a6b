//! An egress server in the background, with a way to end it.

use std::time::Duration;

use bottle_egress::{CompileError, Listener, OpenError, Server, Settings, event_channel};
use bottle_plan::egress::EgressPlan;
use bottle_wire::event::Event;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A server that accepts.
#[derive(Debug)]
pub(crate) struct Serving {
    server: Server,
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
        let server = Server::new(settings, sender)?;
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

    /// Accepts nothing more and waits for what is open, within a bound; the events end after it.
    pub(crate) async fn end(self, within: Duration) {
        // It may have ended by itself.
        let _stopping = self.stop.send(());
        if timeout(within, self.accepting).await.is_err() {
            tracing::warn!("connections that did not end were cut off");
        }
    }
}
