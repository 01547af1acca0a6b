//! Accepts connections, as many as there may be, each in a task of its own.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bottle_util::Secret;
use tokio::net::{TcpListener, UnixListener};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::shared::Shared;
use super::{requests, token};
use crate::limits;
use crate::stream::Socket;

/// Where guests connect.
#[derive(Debug)]
pub enum Listener {
    /// A socket in a folder that only the guest's relay sees.
    Unix(UnixListener),
    /// A port that others could reach too, so guests show a token.
    Tcp {
        /// The port.
        listener: TcpListener,
        /// What guests send as `Proxy-Authorization`: `Basic` with the token as password, or `Bearer`.
        token: Secret,
    },
}

/// Serves until the future ends; then every connection is cut off and recorded.
pub(super) async fn serve(shared: &Arc<Shared>, listener: Listener, until: impl Future<Output = ()>) {
    let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
    let accepting = async {
        tokio::join!(accept_all(shared, &listener, &tasks, &cut), sweep(shared));
    };
    tokio::select! {
        () = until => {}
        () = accepting => {}
    }
    drop(listener);
    cut.cancel();
    tasks.close();
    tasks.wait().await;
}

async fn accept_all(shared: &Arc<Shared>, listener: &Listener, tasks: &TaskTracker, cut: &CancellationToken) {
    loop {
        let socket = match accept(listener).await {
            Ok(socket) => socket,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&shared.connections).try_acquire_owned() else {
            tracing::warn!(most = limits::CONNECTIONS, "too many connections");
            continue;
        };
        let guard = token::Guard::of(listener);
        let (shared, cut) = (Arc::clone(shared), cut.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = requests::serve_door(shared, socket, guard) => {}
                () = cut.cancelled() => {}
            }
            drop(place);
        });
    }
}

async fn accept(listener: &Listener) -> io::Result<Socket> {
    match listener {
        Listener::Unix(listener) => Ok(Socket::Unix(listener.accept().await?.0)),
        Listener::Tcp { listener, .. } => {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(Socket::Tcp(stream))
        }
    }
}

async fn sweep(shared: &Shared) {
    let mut ticks = interval(limits::IDLE_UPSTREAM_AGE / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.pool.sweep();
    }
}
