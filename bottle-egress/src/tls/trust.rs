//! Which upstream certificates are believed.

use std::collections::HashMap;
use std::sync::Arc;

use bottle_plan::egress::HostName;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

use super::provider;

/// The TLS configurations towards upstreams: one for the host's roots, and one for each host with its own authority.
#[derive(Debug)]
pub(crate) struct Trust {
    common: Arc<ClientConfig>,
    by_host: HashMap<HostName, Arc<ClientConfig>>,
}

/// Says why no upstream certificate could ever be believed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// An authority for one host is no certificate authority.
    #[error("the authority for {0} cannot be read")]
    Unreadable(HostName),
    /// The TLS library refuses to work.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// Trusts the given roots for every host, and further ones for one host each. Unreadable common roots are skipped:
    /// systems ship some that no library reads.
    ///
    /// # Errors
    ///
    /// When an authority for one host cannot be read.
    pub(crate) fn new(
        roots: &[CertificateDer<'static>],
        by_host: &[(HostName, Vec<CertificateDer<'static>>)],
    ) -> Result<Self, TrustError> {
        let mut common = RootCertStore::empty();
        common.add_parsable_certificates(roots.iter().cloned());
        let own = by_host.iter().map(|(host, _)| {
            let mut store = common.clone();
            for certificate in by_host
                .iter()
                .filter(|(of, _)| of == host)
                .flat_map(|(_, certificates)| certificates)
            {
                let added = store.add(certificate.clone());
                added.map_err(|_| TrustError::Unreadable(host.clone()))?;
            }
            Ok((host.clone(), Arc::new(config(store)?)))
        });
        Ok(Self {
            by_host: own.collect::<Result<_, TrustError>>()?,
            common: Arc::new(config(common)?),
        })
    }

    /// Returns the configuration for a host.
    pub(crate) fn for_host(&self, host: &HostName) -> Arc<ClientConfig> {
        Arc::clone(self.by_host.get(host).unwrap_or(&self.common))
    }
}

fn config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
