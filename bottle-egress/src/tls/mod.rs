//! TLS on both sides: the bottle's own authority towards the guest, verified certificates towards upstreams.

mod authority;
mod leaves;
mod mint;
mod trust;

pub use authority::{AuthorityFileError, CertificateAuthority};
pub(crate) use leaves::GuestTls;
pub use leaves::GuestTlsError;
pub use mint::{MintError, Minted, mint};
pub(crate) use trust::Trust;
pub use trust::TrustError;

use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use time::{Duration, OffsetDateTime};

use crate::limits;

/// Where this crate reads the wall clock. Only certificates and events are dated by it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// Makes a clock of a function, such as the system's own.
    #[must_use]
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// The one provider of cryptography. It is named wherever one is needed, so that no process-wide default matters.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// From when to when a certificate made now is valid.
fn validity(now: SystemTime, days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::from(now);
    let from = now
        .checked_sub(Duration::hours(limits::BACKDATE_HOURS))
        .unwrap_or(now);
    (from, now.checked_add(Duration::days(days)).unwrap_or(now))
}

#[cfg(test)]
mod tests;
