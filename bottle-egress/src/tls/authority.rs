//! The bottle's certificate authority, ready to sign.

use bottle_util::Secret;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate authority that signs certificates for the hosts that a guest asks for.
pub struct CertificateAuthority {
    certificate: CertificateDer<'static>,
    ends: OffsetDateTime,
    issuer: Issuer<'static, KeyPair>,
}

/// Says why a certificate authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityFileError {
    /// The certificate is no PEM certificate.
    #[error("the authority's certificate cannot be read")]
    Certificate,
    /// The key is no private key in PKCS #8 PEM.
    #[error("the authority's key cannot be read")]
    Key,
    /// The key is not the certificate's.
    #[error("the authority's key does not belong to its certificate")]
    Mismatch,
}

impl CertificateAuthority {
    /// Reads a certificate and its key, both PEM.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, or they do not belong together.
    pub fn load(certificate: &str, key: &Secret) -> Result<Self, AuthorityFileError> {
        let der = CertificateDer::from_pem_slice(certificate.as_bytes());
        let certificate = der.map_err(|_| AuthorityFileError::Certificate)?;
        let key = KeyPair::from_pem(key.expose()).map_err(|_| AuthorityFileError::Key)?;
        let ends = check(&certificate, &key)?;
        let issuer =
            Issuer::from_ca_cert_der(&certificate, key).map_err(|_| AuthorityFileError::Certificate)?;
        Ok(Self {
            certificate,
            ends,
            issuer,
        })
    }

    /// Signs a certificate for one host, valid between two times and no longer than the authority itself.
    pub(super) fn sign(
        &self,
        host: &str,
        key: &KeyPair,
        validity: (OffsetDateTime, OffsetDateTime),
    ) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = CertificateParams::new([host.to_owned()])?;
        params.not_before = validity.0;
        params.not_after = validity.1.min(self.ends);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "bottle egress");
        Ok(params.signed_by(key, &self.issuer)?.into())
    }

    pub(super) const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }
}

/// Returns when the certificate ends, if the key is its own.
fn check(certificate: &CertificateDer<'_>, key: &KeyPair) -> Result<OffsetDateTime, AuthorityFileError> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| AuthorityFileError::Certificate)?;
    let info = parsed.public_key();
    if info.raw != rcgen::PublicKeyData::subject_public_key_info(key).as_slice() {
        return Err(AuthorityFileError::Mismatch);
    }
    Ok(parsed.validity().not_after.to_datetime())
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertificateAuthority")
    }
}
