//! The bottle's certificate authority: where its certificate lies on the host and in the guest.

mod pkcs12;

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

/// The certificate's file in `state/<identity>/`.
pub const CA_FILE: &str = "egress-ca.pem";
/// Where Debian and its relatives look for additional certificates.
pub const GUEST_CA_CERTIFICATE: &str = "/usr/local/share/ca-certificates/bot-bottle-mitm-ca.crt";
/// The bundle that `update-ca-certificates` writes.
pub const GUEST_CA_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The program that adds what lies in [`GUEST_CA_CERTIFICATE`]'s folder to the bundle.
pub const GUEST_CA_UPDATE: &str = "/usr/sbin/update-ca-certificates";

/// The trust store of Java's, in the folder of [`GUEST_CA_CERTIFICATE`]'s or whatever takes its place.
pub const GUEST_JAVA_STORE: &str = "bot-bottle-trust.p12";

/// Says why a bottle has no usable certificate.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The file cannot be read.
    #[error("cannot read the bottle's certificate {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file holds no certificate.
    #[error("{path} holds no PEM certificate")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
}

/// Returns the path of the bottle's certificate in its state folder, once it is known to hold one.
///
/// # Errors
///
/// When the file is missing, unreadable, or no PEM certificate.
pub fn select_ca_cert(state: &Path) -> Result<PathBuf, CaError> {
    let path = state.join(CA_FILE);
    read(&path)?;
    Ok(path)
}

/// Logs the certificate's SHA-256 fingerprint, once per launch, and returns it: 32 hex pairs with colons.
///
/// # Errors
///
/// When the file is missing, unreadable, or no PEM certificate.
pub fn log_ca_fingerprint(certificate: &Path) -> Result<String, CaError> {
    let fingerprint = fingerprint(&read(certificate)?);
    tracing::info!(%fingerprint, "the bottle's certificate authority");
    Ok(fingerprint)
}

/// Returns the certificate as a trust store that Java reads, without a password.
///
/// # Errors
///
/// When the file is missing, unreadable, or no PEM certificate.
pub fn java_trust_store(certificate: &Path) -> Result<Vec<u8>, CaError> {
    Ok(pkcs12::trust_store(&read(certificate)?, "bottle"))
}

fn read(path: &Path) -> Result<CertificateDer<'static>, CaError> {
    let pem = std::fs::read(path).map_err(|source| CaError::Read {
        path: path.to_owned(),
        source,
    })?;
    CertificateDer::from_pem_slice(&pem).map_err(|_| CaError::NoCertificate {
        path: path.to_owned(),
    })
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let pairs: Vec<String> = Sha256::digest(certificate)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_certificate_is_no_certificate() {
        let state = tempfile::tempdir().unwrap();
        assert!(matches!(select_ca_cert(state.path()), Err(CaError::Read { .. })));
        std::fs::write(state.path().join(CA_FILE), "no pem").unwrap();
        assert!(matches!(
            select_ca_cert(state.path()),
            Err(CaError::NoCertificate { .. })
        ));
    }

    #[test]
    fn the_fingerprint_is_that_of_the_der_form() {
        let state = tempfile::tempdir().unwrap();
        std::fs::write(
            state.path().join(CA_FILE),
            "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        let path = select_ca_cert(state.path()).unwrap();
        let fingerprint = log_ca_fingerprint(&path).unwrap();
        assert!(
            fingerprint.starts_with("BA:78:16:BF:8F:01:CF:EA"),
            "{fingerprint}"
        );
        assert_eq!(fingerprint.len(), 32 * 3 - 1);
    }
}
