//! Ctrl-C, SIGTERM and SIGHUP: at once and with the terminal put back, or, once there is something to remove, in order.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bottle_backend::{Cancel, Canceller};
use bottle_cli::exit::Exit;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output::say;

/// Hears all three from the moment that it is made, so that none is lost between two waits.
pub(crate) struct Interrupts {
    begun: Arc<AtomicBool>,
    cancel: Cancel,
}

impl Interrupts {
    /// Begins to listen. Until [`Interrupts::begin`] a signal ends the command, whatever it is waiting for.
    pub(crate) fn listen() -> io::Result<Self> {
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let signals = kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
        let (canceller, cancel) = Canceller::new();
        let begun = Arc::new(AtomicBool::new(false));
        let rest = tcgetattr(io::stdin()).ok();
        tokio::spawn(hear(signals, Arc::clone(&begun), canceller, rest));
        Ok(Self { begun, cancel })
    }

    /// From here on something has to be removed first: a signal cancels, and does nothing more.
    pub(crate) fn begin(&self) -> Cancel {
        self.begun.store(true, Ordering::SeqCst);
        self.cancel.clone()
    }
}

async fn hear(mut signals: Vec<Signal>, begun: Arc<AtomicBool>, canceller: Canceller, rest: Option<Termios>) {
    std::future::poll_fn(|context| {
        let heard = signals
            .iter_mut()
            .any(|signal| signal.poll_recv(context).is_ready());
        if heard { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    if !begun.load(Ordering::SeqCst) {
        leave(rest.as_ref());
    }
    canceller.cancel();
    // Who waits for a cancellation waits for ever once nobody can cancel: further signals change nothing.
    std::future::pending::<()>().await;
}

/// Ends the command from beside a thread that waits for a key. Nothing was begun, so nothing has to be removed.
fn leave(rest: Option<&Termios>) -> ! {
    if let Some(rest) = rest {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, rest);
        // A picker hides the cursor.
        say!("\u{1b}[?25h");
    }
    say!("bottle: interrupted; nothing was started");
    std::process::exit(i32::from(Exit::Interrupted as u8))
}
