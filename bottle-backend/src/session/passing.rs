//! What a command prints that is not on a terminal, until its end.
//!
//! A child that it leaves behind keeps its streams open, maybe for ever. `ssh` waits for that child, and `docker exec` for
//! two seconds; here nobody waits who has nothing to read.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;

use super::{Io, SessionControl};
use crate::ExecError;

/// How long a stream must be quiet after its command's end to be left to the children that keep it open.
const QUIET: Duration = Duration::from_millis(500);
/// The most bytes of a stream that are passed on after its command's end; no pipe or socket holds more of what came before.
const MOST_AFTER_END: usize = 16 << 20;
/// How much is read at once.
const PIECE: usize = 64 << 10;

/// Passes on what a command prints, and returns its exit status once it has ended and its streams have, or are left to
/// the children that keep them open.
///
/// # Errors
///
/// When the engine does not know the command any more.
pub async fn pass_on(
    control: &dyn SessionControl,
    output: Io<dyn AsyncRead + Send>,
    errors: Option<Io<dyn AsyncRead + Send>>,
    shown: impl FnMut(&[u8]),
    complained: impl FnMut(&[u8]),
) -> Result<i32, ExecError> {
    let (tell, ended) = watch::channel(false);
    let status = async {
        let status = control.wait().await;
        tell.send_replace(true);
        status
    };
    let complained = async {
        if let Some(errors) = errors {
            pass(errors, ended.clone(), complained).await;
        }
    };
    let shown = pass(output, ended.clone(), shown);
    tokio::join!(status, shown, complained).0
}

async fn pass(mut from: Io<dyn AsyncRead + Send>, ended: watch::Receiver<bool>, mut take: impl FnMut(&[u8])) {
    let mut piece = vec![0; PIECE];
    let mut late = 0;
    while late < MOST_AFTER_END {
        // Time that its reader takes is none in which it is quiet.
        let read = tokio::select! {
            biased;
            read = from.read(&mut piece) => read,
            () = quiet(ended.clone()) => return,
        };
        let Ok(read @ 1..) = read else { return };
        take(piece.get(..read).unwrap_or_default());
        if *ended.borrow() {
            late += read;
        }
    }
}

async fn quiet(mut ended: watch::Receiver<bool>) {
    // An error is the end as well.
    let _told = ended.wait_for(|ended| *ended).await;
    tokio::time::sleep(QUIET).await;
}
