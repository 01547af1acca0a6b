//! The control socket: frames in, one answer to each.

use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::frame::{self, ReadError};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::sidecar::Message;
use crate::limits::{CONTROL_CONNECTIONS, CONTROL_END_TIME, CONTROL_TIME};

/// Serves until `closing` says so; the last answers are still given.
pub(super) async fn serve(
    listener: UnixListener,
    messages: mpsc::Sender<Message>,
    mut closing: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if is_allowed(&stream) && connections.len() < CONTROL_CONNECTIONS => {
                    connections.spawn(answer_all(stream, messages.clone(), closing.clone()));
                }
                Ok(_) => (),
                // Out of descriptors or memory: the next ended connection may give some back.
                Err(_) => tokio::time::sleep(CONTROL_END_TIME).await,
            },
            Some(_) = connections.join_next() => (),
            _ = closing.changed() => break,
        }
    }
    let ended = async { while connections.join_next().await.is_some() {} };
    let _given_up = timeout(CONTROL_END_TIME, ended).await;
}

/// The folder keeps others out; this holds also if it should not.
fn is_allowed(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

async fn answer_all(
    mut stream: UnixStream,
    messages: mpsc::Sender<Message>,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        let request = tokio::select! {
            request = timeout(CONTROL_TIME, frame::read(&mut stream)) => request,
            _ = closing.changed() => return,
        };
        let (answer, last) = match request {
            Ok(Ok(request)) => (ask(request, &messages).await, false),
            Ok(Err(ReadError::Closed)) | Err(_) => return,
            Ok(Err(error)) => (refused(error.to_string()), true),
        };
        let written = timeout(CONTROL_TIME, frame::write(&mut stream, &answer)).await;
        if last || !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

async fn ask(request: ControlRequest, messages: &mpsc::Sender<Message>) -> ControlAnswer {
    let (answer, answered) = oneshot::channel();
    let message = Message::Control { request, answer };
    let ended = || refused("the sidecar is ending");
    match messages.send(message).await {
        Ok(()) => answered.await.unwrap_or_else(|_| ended()),
        Err(_) => ended(),
    }
}

/// Says no, with a reason.
pub(super) fn refused(reason: impl Into<String>) -> ControlAnswer {
    ControlAnswer::Refused {
        reason: reason.into(),
    }
}
