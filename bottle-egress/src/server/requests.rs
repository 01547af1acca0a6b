//! Serves the requests of one connection, each decided alone.

use std::sync::Arc;

use hyper::Method;

use super::connection::{Connection, collect, discard};
use super::events::{Record, Subject};
use super::place::{Asked, Place, read_tunnel};
use super::shared::Shared;
use super::token::Guard;
use super::{answer, exchange, local, tunnel};
use crate::decide::{Refusal, Rule, decide, decide_tunnel, depends_on_body};
use crate::http1::{BodyDecoder, Framing, Head, ReadError, Target};
use crate::limits;
use crate::request::Authority;
use crate::stream::{Socket, Stream};

/// What becomes of a connection after a request.
#[derive(Debug)]
pub(super) enum Next {
    /// It is there for the next request.
    Keep(Connection),
    /// It ends in good order.
    Close(Connection),
    /// It ends at once, so that nobody takes half an answer for a whole one.
    Reset,
    /// It becomes a tunnel.
    Tunnel(Connection, Authority),
}

/// Serves a connection that was accepted on the door.
pub(super) async fn serve_door(shared: Arc<Shared>, socket: Socket, guard: Guard) {
    let connection = Connection::new(Stream::Plain(socket));
    if let Some((connection, authority)) = serve(&shared, connection, &Place::Door, &guard).await {
        Box::pin(tunnel::serve(&shared, connection, authority)).await;
    }
}

/// Serves requests until the connection ends or becomes a tunnel.
pub(super) async fn serve(
    shared: &Arc<Shared>,
    mut connection: Connection,
    place: &Place,
    guard: &Guard,
) -> Option<(Connection, Authority)> {
    loop {
        let next = match connection.reader.head(&mut connection.patience).await {
            Ok(Some(bytes)) => match Head::parse(&bytes) {
                Ok(head) => one(shared, connection, place, guard, head).await,
                Err(error) => malformed(shared, connection, error.to_string()).await,
            },
            Ok(None) => Next::Close(connection),
            Err(ReadError::Head(error)) => malformed(shared, connection, error.to_string()).await,
            Err(error @ ReadError::TooSlow) => malformed(shared, connection, error.to_string()).await,
            Err(ReadError::Ended | ReadError::Io(_)) => Next::Reset,
        };
        match next {
            Next::Keep(kept) => connection = kept,
            Next::Close(connection) => {
                connection.close().await;
                return None;
            }
            Next::Reset => return None,
            Next::Tunnel(connection, authority) => return Some((connection, authority)),
        }
    }
}

async fn one(shared: &Arc<Shared>, connection: Connection, place: &Place, guard: &Guard, head: Head) -> Next {
    if !guard.admits(&head.headers) {
        let refusal = Refusal::of_connection(Rule::Token, head.method.to_string(), "see Proxy-Authenticate");
        return refuse_unread(shared, connection, &head, subject_of(&head), &refusal).await;
    }
    match (place, &head.target) {
        (Place::Door, Target::Authority(target)) => {
            let read = read_tunnel(&head, target);
            open_tunnel(shared, connection, &head, read).await
        }
        _ => match Asked::read(&head, place) {
            Ok(asked) if matches!(place, Place::Door) && asked.authority.host().as_str() == local::HOST => {
                local::serve(shared, connection, &head, &asked).await
            }
            Ok(asked) => ask(shared, connection, place, head, asked).await,
            Err(refusal) => refuse_unread(shared, connection, &head, subject_of(&head), &refusal).await,
        },
    }
}

/// Opens a tunnel, or refuses it; nothing is dialled either way.
async fn open_tunnel(
    shared: &Arc<Shared>,
    mut connection: Connection,
    head: &Head,
    authority: Result<Authority, Refusal>,
) -> Next {
    let decided = match &authority {
        Ok(authority) => decide_tunnel(&shared.policy(), authority),
        Err(refusal) => Err(refusal.clone()),
    };
    match (authority, decided) {
        (Ok(authority), Ok(())) => {
            let answered = connection
                .writer
                .raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .await;
            answered.map_or(Next::Reset, |()| Next::Tunnel(connection, authority))
        }
        (authority, Err(refusal)) => {
            let mut subject = subject_of(head);
            if let Ok(authority) = authority {
                subject.host = authority.host().to_string();
                subject.port = authority.port();
            }
            refuse_unread(shared, connection, head, subject, &refusal).await
        }
        (Err(_), Ok(())) => Next::Reset,
    }
}

/// Decides about a request and acts on it.
async fn ask(
    shared: &Arc<Shared>,
    mut connection: Connection,
    place: &Place,
    mut head: Head,
    mut asked: Asked,
) -> Next {
    let reloads = shared.reloads();
    let policy = shared.policy();
    if depends_on_body(&policy, &asked.facts(&head, place)) && !head.expects_continue {
        read_content(&mut connection, &mut head, &mut asked).await;
    }
    let subject = asked.subject(&head, policy.log());
    let Some(mut record) = shared.recorder.begin(subject).await else {
        let refusal =
            Refusal::of_connection(Rule::Unrecorded, head.method.to_string(), "the event log is full");
        return refuse(connection, &head, &refusal, None).await;
    };
    let decided = decide(&policy, &asked.facts(&head, place)).and_then(|permit| {
        let admitted = shared.rates.admit(&permit);
        if admitted {
            Ok(permit)
        } else {
            Err(permit.refuse(Rule::Rate))
        }
    });
    match decided {
        Ok(permit) => {
            record.allowed(permit.rule());
            let exchange = exchange::Exchange {
                shared,
                place,
                head: &head,
                asked: &asked,
                route: Arc::clone(permit.compiled()),
            };
            exchange.run(connection, permit, reloads, record).await
        }
        Err(refusal) => {
            record.refused(&refusal);
            refuse(connection, &head, &refusal, Some(&mut record)).await
        }
    }
}

/// Reads the body before the decision. One that cannot be read stays unread, and ends the connection.
async fn read_content(connection: &mut Connection, head: &mut Head, asked: &mut Asked) {
    match collect(&mut connection.reader, head.framing).await {
        Some(content) => {
            head.framing = Framing::of_bytes(content.len());
            asked.content = Some(content);
        }
        None => head.close = true,
    }
    head.unread = Framing::None;
}

/// Answers bytes that are no request. What follows them cannot be understood either.
async fn malformed(shared: &Arc<Shared>, mut connection: Connection, detail: String) -> Next {
    let refusal = Refusal::of_connection(Rule::Malformed, "the request's head".to_owned(), detail);
    if let Some(mut record) = shared.recorder.begin(Subject::default()).await {
        record.refused(&refusal);
        record.status = Some(refusal.rule().status().as_u16());
    }
    let _ = answer::refuse(&mut connection.writer, &refusal, &Method::GET, true).await;
    Next::Close(connection)
}

/// Records and answers a refusal of something that was not decided as a request.
pub(super) async fn refuse_unread(
    shared: &Arc<Shared>,
    connection: Connection,
    head: &Head,
    subject: Subject,
    refusal: &Refusal,
) -> Next {
    let mut record = shared.recorder.begin(subject).await;
    if let Some(record) = &mut record {
        record.refused(refusal);
    }
    refuse(connection, head, refusal, record.as_mut()).await
}

/// Answers a refusal and reads what is left of the request.
pub(super) async fn refuse(
    mut connection: Connection,
    head: &Head,
    refusal: &Refusal,
    record: Option<&mut Record>,
) -> Next {
    let rest = BodyDecoder::new(head.unread);
    let unread = !rest.is_done();
    let too_long = rest.left().is_some_and(|left| left > limits::LINGER_BYTES);
    let close =
        head.close || head.method == Method::CONNECT || (unread && (head.expects_continue || too_long));
    if let Some(record) = record {
        record.status = Some(refusal.rule().status().as_u16());
    }
    if answer::refuse(&mut connection.writer, refusal, &head.method, close)
        .await
        .is_err()
    {
        return Next::Reset;
    }
    if close {
        return Next::Close(connection);
    }
    match discard(&mut connection.reader, rest, limits::LINGER_TIME).await {
        true => Next::Keep(connection),
        false => Next::Close(connection),
    }
}

fn subject_of(head: &Head) -> Subject {
    Subject {
        method: head.method.to_string(),
        ..Subject::default()
    }
}
