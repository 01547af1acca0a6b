//! One certificate as Java wants it: a PKCS #12 file (RFC 7292) that says that it is to be trusted.
//!
//! Nothing in it is encrypted and nothing guards it: it holds what everybody may read, and lies where only root writes.
//! Java takes such a file when no password is given.

// Object identifiers in their encoding (X.690, 8.19), each with the register that it is from.
/// PKCS #7: data.
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// PKCS #12: a bag of a certificate.
const CERTIFICATE_BAG: &[u8] = b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
/// PKCS #9: an X.509 certificate.
const X509: &[u8] = b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
/// PKCS #9: a name for people.
const FRIENDLY_NAME: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
/// Oracle's: what the certificate is trusted for. Java passes over certificates without it.
const TRUSTED_FOR: &[u8] = b"\x06\x0c\x60\x86\x48\x01\x86\xf9\x66\xad\xca\x7b\x01\x01";
/// X.509: any purpose.
const ANYTHING: &[u8] = b"\x06\x04\x55\x1d\x25\x00";

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const UTF16: u8 = 0x1e;
const EXPLICIT: u8 = 0xa0;

/// Returns a trust store that holds one certificate, given in its DER form.
pub(super) fn trust_store(certificate: &[u8], name: &str) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let attribute = |what: &[u8], value: &[u8]| field(SEQUENCE, &[what, &field(SET, &[value])]);
    let mut attributes = [
        attribute(FRIENDLY_NAME, &field(UTF16, &[&name])),
        attribute(TRUSTED_FOR, ANYTHING),
    ];
    attributes.sort();
    let [first, second] = &attributes;
    let content = field(EXPLICIT, &[&field(OCTETS, &[certificate])]);
    let certificate = field(EXPLICIT, &[&field(SEQUENCE, &[X509, &content])]);
    let bag = field(
        SEQUENCE,
        &[CERTIFICATE_BAG, &certificate, &field(SET, &[first, second])],
    );
    let bags = data(&field(SEQUENCE, &[&bag]));
    let version = field(INTEGER, &[&[3]]);
    field(SEQUENCE, &[&version, &data(&field(SEQUENCE, &[&bags]))])
}

fn data(content: &[u8]) -> Vec<u8> {
    field(SEQUENCE, &[DATA, &field(EXPLICIT, &[&field(OCTETS, &[content])])])
}

/// Encodes one field: tag, length, and its parts one after the other.
fn field(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let significant = length.iter().copied().skip_while(|byte| *byte == 0);
    let mut encoded = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..=0x7f) => encoded.push(short),
        _ => {
            let bytes: Vec<u8> = significant.collect();
            // At most eight of them.
            encoded.push(0x80 | u8::try_from(bytes.len()).unwrap_or_default());
            encoded.extend(bytes);
        }
    }
    encoded.extend(content);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        let check = |length: usize, start: &[u8]| {
            let encoded = field(OCTETS, &[&vec![7; length]]);
            assert_eq!(encoded.get(..start.len()), Some(start));
            assert_eq!(encoded.len(), start.len() + length);
        };
        check(0, &[4, 0]);
        check(127, &[4, 127]);
        check(128, &[4, 0x81, 128]);
        check(256, &[4, 0x82, 1, 0]);
        check(70_000, &[4, 0x83, 1, 0x11, 0x70]);
    }

    #[test]
    fn the_certificate_is_in_it_as_it_is_with_its_name_and_its_trust() {
        let certificate: Vec<u8> = (0..=255).cycle().take(700).collect();
        let store = trust_store(&certificate, "bottle");
        let holds = |what: &[u8]| store.windows(what.len()).any(|window| window == what);
        assert!(holds(&certificate) && holds(TRUSTED_FOR) && holds(ANYTHING));
        assert!(holds(b"\0b\0o\0t\0t\0l\0e"));
        assert_eq!(store.get(..2), Some(&[SEQUENCE, 0x82][..]));
    }
}
