//! Connections to the address of a name, each a tunnel through the egress door.

use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::egress::Egress;
use crate::relay::pump::copy_both_ways;
use crate::relay::serve::REST;

/// Accepts on one port of one name until the process ends.
pub(super) async fn accept(
    listener: TcpListener,
    egress: Arc<Egress>,
    places: Arc<Semaphore>,
    name: String,
    port: u16,
) {
    let name: Arc<str> = name.into();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (egress, name) = (Arc::clone(&egress), Arc::clone(&name));
        tokio::spawn(async move {
            // Whichever side said no or broke, the other is closed with it; there is nobody to tell.
            let _broken = pass_on(stream, &egress, &name, port).await;
            drop(place);
        });
    }
}

async fn pass_on(mut stream: TcpStream, egress: &Egress, name: &str, port: u16) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (door, already) = egress.tunnel(name, port).await?;
    stream.write_all(&already).await?;
    copy_both_ways(stream, door).await
}
