//! Makes a bottle's certificate authority.

use std::time::SystemTime;

use bottle_util::Secret;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};

use super::validity;
use crate::limits;

/// A new certificate authority.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The certificate, PEM.
    pub certificate: String,
    /// The private key, PKCS #8 in PEM.
    pub key: Secret,
}

/// Says that no authority could be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to make a certificate authority")]
pub struct MintError(#[from] rcgen::Error);

impl MintError {
    /// Says what to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        "the system's source of randomness may be missing"
    }
}

/// Makes the certificate authority of one bottle: a P-256 key, for host certificates only, valid from a day before now
/// to thirty days after.
///
/// # Errors
///
/// When no key can be made.
pub fn mint(bottle: &str, now: SystemTime) -> Result<Minted, MintError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = validity(now, limits::AUTHORITY_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = DistinguishedName::new();
    let name: String = bottle.chars().take(48).collect();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("bottle {name}"));
    let certificate = params.self_signed(&key)?.pem();
    Ok(Minted {
        certificate,
        key: Secret::from(key.serialize_pem()),
    })
}
