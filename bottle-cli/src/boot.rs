//! The sidecar's boot frame, made from a plan and the secrets that it refers to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bottle_plan::BottlePlan;
use bottle_plan::egress::UpstreamCa;
use bottle_plan::names::TokenSlot;
use bottle_util::{Secret, files};
use bottle_wire::boot::{Authority, Base64, Boot, EgressBoot, UpstreamRoots, WireSecret};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::Host;

/// The largest file of certificates that is read.
const MOST_CA_BYTES: u64 = 4 << 20;

/// Says why there is no boot frame.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A file of certificates cannot be read.
    #[error("cannot read the certificates for {host} in {path}")]
    Read {
        /// The upstream host.
        host: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file holds no certificate.
    #[error("{path} holds no PEM certificate for {host}")]
    NoCertificate {
        /// The upstream host.
        host: String,
        /// The file.
        path: PathBuf,
    },
}

/// Makes the frame.
///
/// # Errors
///
/// When a file of `egress.upstream_ca` cannot be used.
pub fn boot_frame(
    plan: &BottlePlan,
    host: &Host,
    authority: Authority,
    chain_key: Secret,
    tokens: BTreeMap<TokenSlot, Secret>,
) -> Result<Boot, BootError> {
    let upstream_roots = plan
        .egress
        .upstream_ca
        .iter()
        .map(upstream_roots)
        .collect::<Result<_, _>>()?;
    Ok(Boot {
        identity: plan.identity.clone(),
        now: (host.clock)(),
        chain_key: WireSecret(chain_key),
        egress: EgressBoot {
            plan: plan.egress.clone(),
            tokens: tokens
                .into_iter()
                .map(|(slot, value)| (slot, WireSecret(value)))
                .collect(),
            authority,
            roots: host.roots.iter().cloned().map(Base64).collect(),
            upstream_roots,
            host_addresses: host.addresses.clone(),
        },
        git_gate: None,
        supervise: plan.supervise.is_some(),
    })
}

fn upstream_roots(ca: &UpstreamCa) -> Result<UpstreamRoots, BootError> {
    let named = || (ca.host.to_string(), ca.file.clone());
    let pem = files::read_bounded(&ca.file, MOST_CA_BYTES).map_err(|source| {
        let (host, path) = named();
        BootError::Read { host, path, source }
    })?;
    let certificates: Vec<Base64> = CertificateDer::pem_slice_iter(&pem)
        .flatten()
        .map(|der| Base64(der.to_vec()))
        .collect();
    if certificates.is_empty() {
        let (host, path) = named();
        return Err(BootError::NoCertificate { host, path });
    }
    Ok(UpstreamRoots {
        host: ca.host.clone(),
        certificates,
    })
}
