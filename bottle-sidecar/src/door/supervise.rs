//! The supervise door: the MCP server, and its way to the first process, which keeps the questions.

use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use bottle_supervise::server;
use bottle_wire::door::FromDoor;
use bottle_wire::supervise::AskAnswer;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::desk::Desk;
use crate::clock::Clock;
use crate::limits::END_TIME;

/// An open door.
#[derive(Debug)]
pub(super) struct Supervise {
    desk: Arc<Desk>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Supervise {
    /// Serves the listener.
    pub(super) fn open(
        clock: Clock,
        listener: UnixListener,
        say: mpsc::Sender<FromDoor>,
    ) -> io::Result<Self> {
        let listener = tokio::net::UnixListener::from_std(listener)?;
        let desk = Arc::new(Desk::new(clock, say));
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn({
            let desk = Arc::clone(&desk);
            async move {
                let stopped = async {
                    // A dropped sender ends it as well.
                    let _stop = stopped.await;
                };
                server::serve(listener, desk, stopped).await;
            }
        });
        Ok(Self { desk, stop, serving })
    }

    /// Takes the first process's answer to a call.
    pub(super) fn answered(&self, call: u64, answer: AskAnswer) {
        self.desk.answered(call, answer);
    }

    /// Lets those who wait look again.
    pub(super) fn decided(&self) {
        self.desk.changed();
    }

    /// Ends what is open: whoever waits for a human hears that the question is, and asks again later.
    pub(super) async fn drain(self) {
        self.desk.end();
        // It may have ended by itself.
        let _stopping = self.stop.send(());
        let _given_up = timeout(END_TIME / 4, self.serving).await;
    }
}
