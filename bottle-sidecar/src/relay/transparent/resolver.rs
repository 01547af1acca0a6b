//! The guest's resolver, over datagrams and streams (RFC 1035, section 4.2).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::message::{About, Answer, Fault, MOST_BYTES, Question};
use super::names::Names;
use crate::relay::serve::REST;

/// The most questions of datagrams that are answered at once; further ones wait in the kernel.
const MOST_QUESTIONS: usize = 64;
/// The most streams at once; further ones wait in the kernel's queue until one ends.
const MOST_STREAMS: usize = 32;
/// How long a stream may stay without a whole question.
const STREAM_TIME: Duration = Duration::from_secs(10);

/// What answers questions.
#[derive(Debug)]
pub(super) struct Resolver {
    names: Names,
}

impl Resolver {
    pub(super) const fn new(names: Names) -> Self {
        Self { names }
    }

    /// Answers a message; none if it is no question.
    async fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let question = match Question::parse(message) {
            Ok(question) => question,
            Err(Fault::Answer(answer)) => return Some(answer),
            Err(Fault::NoQuestion) => return None,
        };
        let found = match (&question.host, question.about) {
            (_, About::Foreign) => Answer::Refusal,
            (None, _) => Answer::NoName,
            (Some(host), _) if is_never_there(host) => Answer::NoName,
            (Some(host), about) => match (self.names.find(host).await, about) {
                // That a name has no other record is what makes programs use the one it has.
                (Answer::Address(_), About::Other) => Answer::Nothing,
                (found, _) => found,
            },
        };
        Some(question.answer(found))
    }
}

/// Tells whether a name is set aside to be nobody's (RFC 6761, section 6.4), so that egress need not be asked.
fn is_never_there(host: &str) -> bool {
    host == "invalid" || host.ends_with(".invalid")
}

/// Answers datagrams until the process ends.
pub(super) async fn serve_datagrams(socket: UdpSocket, resolver: Arc<Resolver>) {
    let (socket, places) = (Arc::new(socket), Arc::new(Semaphore::new(MOST_QUESTIONS)));
    let mut buffer = [0; MOST_BYTES + 1];
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        // One that fills the buffer was cut.
        let Some(message) = buffer.get(..length).filter(|_| length <= MOST_BYTES) else {
            continue;
        };
        let (message, socket, resolver) = (message.to_owned(), Arc::clone(&socket), Arc::clone(&resolver));
        tokio::spawn(async move {
            if let Some(answer) = resolver.answer(&message).await {
                // Who does not wait for it any more does not miss it.
                let _lost = socket.send_to(&answer, from).await;
            }
            drop(place);
        });
    }
}

/// Answers streams until the process ends.
pub(super) async fn serve_streams(listener: TcpListener, resolver: Arc<Resolver>) {
    let places = Arc::new(Semaphore::new(MOST_STREAMS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(REST).await;
            continue;
        };
        let resolver = Arc::clone(&resolver);
        tokio::spawn(async move {
            let _ended = serve_stream(stream, &resolver).await;
            drop(place);
        });
    }
}

async fn serve_stream(mut stream: TcpStream, resolver: &Resolver) -> io::Result<()> {
    loop {
        let message = timeout(STREAM_TIME, read(&mut stream)).await??;
        let Some(answer) = resolver.answer(&message).await else {
            return Ok(());
        };
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let whole = [&length.to_be_bytes()[..], &answer].concat();
        timeout(STREAM_TIME, stream.write_all(&whole)).await??;
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = usize::from(stream.read_u16().await?);
    if length > MOST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(message)
}
