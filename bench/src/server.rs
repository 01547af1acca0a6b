//! What the parts that serve have in common.

use std::convert::Infallible;
use std::io::{self, Read, Write};

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};

/// Ends this process when its standard input does, so that none is left behind.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let _ended = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

/// Tells the parent, in one line, where this process listens.
pub(crate) fn announce(listeners: &[&TcpListener]) -> Result<()> {
    let ports = listeners
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port().to_string()));
    println!("{}", ports.collect::<io::Result<Vec<_>>>()?.join(" "));
    Ok(io::stdout().flush()?)
}

/// Gives each connection to a task of its own.
pub(crate) async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    serve: impl Fn(TcpStream) -> F,
) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}
