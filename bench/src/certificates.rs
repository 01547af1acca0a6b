//! Certificates for one run, as files, since every program reads its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rcgen::{KeyUsagePurpose, date_time_ymd};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::scenario::HOST;

/// A certificate with its private key, as PEM files.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Pair {
    /// The certificate
    #[arg(long)]
    pub(crate) certificate: PathBuf,
    /// Its private key
    #[arg(long)]
    pub(crate) key: PathBuf,
}

/// An authority that nothing beyond this run trusts.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) files: Pair,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority with files of that name.
    pub(crate) fn new(folder: &Path, name: &str) -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, format!("bench {name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        dates(&mut params);
        let files = write(folder, name, &params.self_signed(&key)?.pem(), &key)?;
        let issuer = Issuer::new(params, key);
        Ok(Self { files, issuer })
    }

    /// Makes a certificate for the host that all proxies are asked for, with files of that name.
    pub(crate) fn leaf(&self, folder: &Path, name: &str) -> Result<Pair> {
        let mut params = CertificateParams::new(vec![HOST.to_owned()])?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        dates(&mut params);
        let key = KeyPair::generate()?;
        write(folder, name, &params.signed_by(&key, &self.issuer)?.pem(), &key)
    }
}

impl Pair {
    /// A server's configuration for HTTP/1.1.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>> {
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates(&self.certificate)?, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// A client's configuration for HTTP/1.1 that trusts these authorities alone. Sessions are not resumed: a program that
/// starts has none.
pub(crate) fn client_config(trusted: &Path) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(trusted)? {
        roots.add(certificate)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(file)?.collect::<Result<_, _>>();
    found.with_context(|| format!("{} holds no certificates", file.display()))
}

/// Some programs take no certificate that ends after the year 2050.
fn dates(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2049, 1, 1));
}

fn write(folder: &Path, name: &str, certificate: &str, key: &KeyPair) -> Result<Pair> {
    let files = Pair {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}-key.pem")),
    };
    fs::write(&files.certificate, certificate)?;
    fs::write(&files.key, key.serialize_pem())?;
    Ok(files)
}
