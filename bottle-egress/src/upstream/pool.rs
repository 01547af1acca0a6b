//! Upstream connections kept for the next request of the same route, credential, address and host.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hyper::body::Incoming;
use hyper::{Method, Request, Response};

use super::dial::{Upstream, dial};
use super::{GuestBody, Outgoing};
use crate::address::CheckedAddresses;
use crate::decide::{Permit, Refusal, Rule};
use crate::http1::Head;
use crate::limits;
use crate::request::{Authority, Scheme};
use crate::tls::Trust;

/// What two requests must have in common to share a connection. A route's number stands for its credential too: it
/// changes with each policy, and a route has one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    route: u64,
    authority: Authority,
    scheme: Scheme,
    address: SocketAddr,
}

/// Idle connections. Only a permit takes from it.
#[derive(Debug)]
pub(crate) struct Pool {
    trust: Trust,
    idle: Arc<Mutex<Idle>>,
}

#[derive(Debug, Default)]
struct Idle {
    by_key: HashMap<Key, Vec<(Instant, Upstream)>>,
    count: usize,
}

/// An answer's head and body, with the connection that they come from.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
}

/// A connection in use. Dropping it resets the connection; [`Lease::keep`] returns it.
#[derive(Debug)]
pub(crate) struct Lease {
    upstream: Upstream,
    key: Key,
    idle: Arc<Mutex<Idle>>,
}

impl Pool {
    pub(crate) fn new(trust: Trust) -> Self {
        let idle = Arc::default();
        Self { trust, idle }
    }

    /// Sends a permitted request to one of its checked addresses and waits for the answer's head.
    ///
    /// A connection that had been idle may turn out to be closed: then the request is sent again on another one, as
    /// long as nothing of it has been sent, or sending it twice does no harm.
    ///
    /// # Errors
    ///
    /// When no connection can be opened or the upstream does not answer with HTTP.
    pub(crate) async fn send(
        &self,
        permit: Permit,
        to: CheckedAddresses,
        head: &Head,
        body: GuestBody,
        prepare: impl Fn(&mut Request<GuestBody>),
    ) -> Result<Answered, Refusal> {
        let outgoing = Outgoing {
            permit: &permit,
            head,
        };
        let repeatable =
            body.is_empty() && matches!(*permit.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let mut request = outgoing.request(body)?;
        prepare(&mut request);
        while let Some(mut lease) = self.take(&permit, &to).await {
            match lease.upstream.sender.try_send_request(request).await {
                Ok(response) => return Ok(Answered { response, lease }),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None if repeatable && is_stale(error.error()) => {
                        request = outgoing.request(GuestBody::Empty)?;
                        prepare(&mut request);
                    }
                    None => return Err(broke(&permit, error.error())),
                },
            }
        }
        let upstream = dial(&permit, &to, &self.trust).await?;
        let mut lease = self.lease(Key::new(&permit, upstream.address), upstream);
        match lease.upstream.sender.send_request(request).await {
            Ok(response) => Ok(Answered { response, lease }),
            Err(error) => Err(broke(&permit, &error)),
        }
    }

    /// Forgets connections that have been idle for too long.
    pub(crate) fn sweep(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.by_key.retain(|_, kept| {
            kept.retain(|(since, upstream)| is_fresh(*since, upstream));
            !kept.is_empty()
        });
        idle.count = idle.by_key.values().map(Vec::len).sum();
    }

    async fn take(&self, permit: &Permit, to: &CheckedAddresses) -> Option<Lease> {
        for address in to.iter() {
            let key = Key::new(permit, address);
            while let Some(mut upstream) = self.pop(&key) {
                if is_usable(&mut upstream).await {
                    return Some(self.lease(key, upstream));
                }
            }
        }
        None
    }

    fn pop(&self, key: &Key) -> Option<Upstream> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (since, upstream) = idle.by_key.get_mut(key)?.pop()?;
            idle.count = idle.count.saturating_sub(1);
            if is_fresh(since, &upstream) {
                return Some(upstream);
            }
        }
    }

    fn lease(&self, key: Key, upstream: Upstream) -> Lease {
        Lease {
            upstream,
            key,
            idle: Arc::clone(&self.idle),
        }
    }
}

/// Few keys share a route, so its number is enough to find them quickly.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.route.hash(state);
    }
}

impl Key {
    fn new(permit: &Permit, address: SocketAddr) -> Self {
        Self {
            route: permit.compiled().id(),
            authority: permit.authority().clone(),
            scheme: permit.scheme(),
            address,
        }
    }
}

impl Lease {
    /// Returns the connection to the pool, once a request and its answer have ended in good order.
    pub(crate) fn keep(self) {
        let Self { upstream, key, idle } = self;
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        let full = idle.count >= limits::IDLE_UPSTREAMS;
        let kept = idle.by_key.entry(key).or_default();
        if !full && kept.len() < limits::IDLE_UPSTREAMS_PER_KEY && !upstream.sender.is_closed() {
            kept.push((Instant::now(), upstream));
            idle.count += 1;
        }
    }
}

fn is_fresh(since: Instant, upstream: &Upstream) -> bool {
    since.elapsed() < limits::IDLE_UPSTREAM_AGE && !upstream.sender.is_closed()
}

/// A connection whose last answer has just been read may need a moment.
async fn is_usable(upstream: &mut Upstream) -> bool {
    if upstream.sender.is_ready() {
        return true;
    }
    let ready = tokio::time::timeout(limits::READY_TIME, upstream.sender.ready());
    matches!(ready.await, Ok(Ok(())))
}

fn is_stale(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed()
}

fn broke(permit: &Permit, error: &hyper::Error) -> Refusal {
    let detail = match () {
        () if error.is_incomplete_message() => "it closed the connection before it answered",
        () if error.is_parse_too_large() => "its answer's head is too long",
        () if error.is_parse() => "its answer is no HTTP",
        () if error.is_user() => "the request's body broke off",
        () => "the connection failed",
    };
    permit.refuse(Rule::UpstreamBroke).because(detail)
}
