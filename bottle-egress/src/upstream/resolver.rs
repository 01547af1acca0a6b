//! From names to addresses, outside the guest.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bottle_plan::egress::HostName;
use lru::LruCache;

use crate::address::CheckedAddresses;
use crate::decide::{Permit, Refusal, Rule};
use crate::limits;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync {
    /// Returns every address of the host, those to be tried first at the front.
    fn resolve(&self, host: &HostName) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &HostName) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let host = host.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A resolver that remembers answers for a short while. The check is made each time, whatever is remembered.
pub(crate) struct CachedResolver {
    resolver: Arc<dyn Resolve>,
    answers: Mutex<LruCache<HostName, Answer>>,
}

#[derive(Clone)]
struct Answer {
    addresses: Arc<[IpAddr]>,
    found: Instant,
}

impl CachedResolver {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Self {
        let most = NonZeroUsize::new(limits::RESOLVED_HOSTS).unwrap_or(NonZeroUsize::MIN);
        Self {
            resolver,
            answers: Mutex::new(LruCache::new(most)),
        }
    }

    /// Returns the addresses that a permit may be used for.
    ///
    /// # Errors
    ///
    /// When there are none, or one of them may not be reached.
    pub(crate) async fn addresses(&self, permit: &Permit) -> Result<CheckedAddresses, Refusal> {
        if let Some(named) = CheckedAddresses::given(permit).or_else(|| CheckedAddresses::literal(permit)) {
            return Ok(named);
        }
        let host = permit.authority().host();
        let addresses = match self.remembered(host) {
            Some(addresses) => addresses,
            None => self
                .ask(host)
                .await
                .ok_or_else(|| permit.refuse(Rule::Unresolved))?,
        };
        CheckedAddresses::check(permit, &addresses)
    }

    fn remembered(&self, host: &HostName) -> Option<Arc<[IpAddr]>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(host)?;
        (answer.found.elapsed() < limits::RESOLVE_AGE).then(|| Arc::clone(&answer.addresses))
    }

    async fn ask(&self, host: &HostName) -> Option<Arc<[IpAddr]>> {
        let asked = tokio::time::timeout(limits::RESOLVE_TIME, self.resolver.resolve(host));
        let mut addresses = asked.await.ok()?.ok()?;
        let mut seen = std::collections::HashSet::new();
        addresses.retain(|address| seen.insert(*address));
        let answer = Answer {
            addresses: addresses.into(),
            found: Instant::now(),
        };
        let addresses = Arc::clone(&answer.addresses);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.put(host.clone(), answer);
        Some(addresses)
    }
}

impl std::fmt::Debug for CachedResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CachedResolver")
    }
}
