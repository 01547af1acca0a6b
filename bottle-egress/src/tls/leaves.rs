//! TLS towards the guest, with a certificate for whatever host it asks for.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bottle_plan::egress::HostName;
use lru::LruCache;
use rcgen::KeyPair;
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls_pki_types::PrivateKeyDer;

use super::{CertificateAuthority, Clock, provider, validity};
use crate::limits;

/// Says that TLS towards the guest cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards the guest cannot be set up")]
pub struct GuestTlsError;

/// TLS towards the guest. All handshakes share one configuration, and so session tickets.
#[derive(Debug)]
pub(crate) struct GuestTls {
    leaves: Arc<Leaves>,
    named: Arc<ServerConfig>,
}

impl GuestTls {
    pub(crate) fn new(authority: CertificateAuthority, clock: Clock) -> Result<Self, GuestTlsError> {
        let leaves = Arc::new(Leaves::new(authority, clock)?);
        let named = Arc::new(config(Arc::clone(&leaves) as Arc<dyn ResolvesServerCert>)?);
        Ok(Self { leaves, named })
    }

    /// Returns the configuration for a handshake that names its server.
    pub(crate) fn for_named(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.named)
    }

    /// Returns the configuration for a handshake without a server name, towards this host.
    pub(crate) fn for_host(&self, host: &HostName) -> Option<Arc<ServerConfig>> {
        let leaf = self.leaves.leaf(host.as_str())?;
        config(Arc::new(OneLeaf(leaf))).ok().map(Arc::new)
    }
}

fn config(resolver: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, GuestTlsError> {
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|_| GuestTlsError)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(|_| GuestTlsError)?;
    config.max_early_data_size = 0;
    Ok(config)
}

/// Certificates by host, made when first asked for. All have one key, which lives as long as the process.
struct Leaves {
    authority: CertificateAuthority,
    clock: Clock,
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    cache: Mutex<LruCache<String, Leaf>>,
}

struct Leaf {
    certified: Arc<CertifiedKey>,
    made: Instant,
}

impl Leaves {
    fn new(authority: CertificateAuthority, clock: Clock) -> Result<Self, GuestTlsError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|_| GuestTlsError)?;
        let der = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| GuestTlsError)?;
        let signing = provider()
            .key_provider
            .load_private_key(der)
            .map_err(|_| GuestTlsError)?;
        let most = NonZeroUsize::new(limits::LEAVES).ok_or(GuestTlsError)?;
        Ok(Self {
            authority,
            clock,
            key,
            signing,
            cache: Mutex::new(LruCache::new(most)),
        })
    }

    fn leaf(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = cache.get(host)
            && leaf.made.elapsed() < std::time::Duration::from_secs(limits::LEAF_REUSE_SECONDS)
        {
            return Some(Arc::clone(&leaf.certified));
        }
        let certified = Arc::new(self.make(host)?);
        let leaf = Leaf {
            certified: Arc::clone(&certified),
            made: Instant::now(),
        };
        cache.put(host.to_owned(), leaf);
        Some(certified)
    }

    fn make(&self, host: &str) -> Option<CertifiedKey> {
        let validity = validity(self.clock.now(), limits::LEAF_DAYS);
        let leaf = self.authority.sign(host, &self.key, validity).ok()?;
        let chain = vec![leaf, self.authority.certificate().clone()];
        Some(CertifiedKey::new(chain, Arc::clone(&self.signing)))
    }
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.leaf(&hello.server_name()?.to_ascii_lowercase())
    }
}

impl std::fmt::Debug for Leaves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leaves")
    }
}

#[derive(Debug)]
struct OneLeaf(Arc<CertifiedKey>);

impl ResolvesServerCert for OneLeaf {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
