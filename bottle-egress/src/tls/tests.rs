use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::*;

const DAY: u64 = 24 * 3600;

/// Some day in 2026, so that nothing depends on today.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(20_600 * DAY)
}

fn seconds(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn check_certificate(der: &[u8], test: impl FnOnce(&X509Certificate<'_>)) {
    test(&X509Certificate::from_der(der).unwrap().1);
}

fn authority(minted_at: SystemTime) -> CertificateAuthority {
    let minted = mint("test", minted_at).unwrap();
    CertificateAuthority::load(&minted.certificate, &minted.key).unwrap()
}

fn leaf(authority: &CertificateAuthority, host: &str, days: i64) -> CertificateDer<'static> {
    let key = rcgen::KeyPair::generate().unwrap();
    authority.sign(host, &key, validity(now(), days)).unwrap()
}

#[test]
fn an_authority_signs_hosts_only_and_not_for_long() {
    let minted = mint("demo-0a1b2", now()).unwrap();
    let der = CertificateDer::from_pem_slice(minted.certificate.as_bytes()).unwrap();
    check_certificate(&der, |certificate| {
        let constraints = certificate.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        assert!(certificate.key_usage().unwrap().unwrap().value.key_cert_sign());
        let validity = certificate.validity();
        assert_eq!(validity.not_before.timestamp(), seconds(now()) - 24 * 3600);
        assert_eq!(validity.not_after.timestamp(), seconds(now()) + 30 * 24 * 3600);
        assert_eq!(certificate.subject().to_string(), "CN=bottle demo-0a1b2");
    });
    assert!(!format!("{minted:?}").contains("PRIVATE"));
}

#[test]
fn two_authorities_have_nothing_in_common() {
    let (one, two) = (mint("a", now()).unwrap(), mint("a", now()).unwrap());
    assert_ne!(one.certificate, two.certificate);
    let mixed = CertificateAuthority::load(&one.certificate, &two.key);
    assert!(matches!(mixed, Err(AuthorityFileError::Mismatch)));
}

#[test]
fn what_is_no_authority_cannot_be_loaded() {
    let minted = mint("a", now()).unwrap();
    let no_key = CertificateAuthority::load(&minted.certificate, &"nothing".to_owned().into());
    assert!(matches!(no_key, Err(AuthorityFileError::Key)));
    let no_certificate = CertificateAuthority::load("nothing", &minted.key);
    assert!(matches!(no_certificate, Err(AuthorityFileError::Certificate)));
}

#[test]
fn a_leaf_is_for_one_host_and_back_dated() {
    let authority = authority(now());
    check_certificate(&leaf(&authority, "a.example", 7), |certificate| {
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(names.value.general_names, [GeneralName::DNSName("a.example")]);
        assert!(!certificate.is_ca());
        assert!(
            certificate
                .extended_key_usage()
                .unwrap()
                .unwrap()
                .value
                .server_auth
        );
        assert_eq!(
            certificate.validity().not_before.timestamp(),
            seconds(now()) - 24 * 3600
        );
        assert_eq!(
            certificate.validity().not_after.timestamp(),
            seconds(now()) + 7 * 24 * 3600
        );
    });
}

#[test]
fn a_leaf_for_an_address_names_an_address() {
    for text in ["192.0.2.1", "2001:db8::1"] {
        let address: IpAddr = text.parse().unwrap();
        let bytes = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        check_certificate(&leaf(&authority(now()), text, 7), |certificate| {
            let names = certificate.subject_alternative_name().unwrap().unwrap();
            assert_eq!(names.value.general_names, [GeneralName::IPAddress(&bytes)]);
        });
    }
}

#[test]
fn no_leaf_outlives_its_authority() {
    let old = authority(now() - Duration::from_secs(28 * DAY));
    check_certificate(&leaf(&old, "a.example", 7), |certificate| {
        assert_eq!(
            certificate.validity().not_after.timestamp(),
            seconds(now()) + 2 * 24 * 3600
        );
    });
}

#[test]
fn the_longest_host_name_gets_a_leaf() {
    let label = "a".repeat(63);
    let host = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(host.len(), 253);
    check_certificate(&leaf(&authority(now()), &host, 7), |certificate| {
        assert!(certificate.subject_alternative_name().unwrap().is_some());
    });
}
