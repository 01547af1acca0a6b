//! Check digits that vendors put into their tokens.

use sha2::{Digest, Sha256};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Whether the last six digits are the CRC-32 of what is before them, in base 62.
pub(crate) fn ends_in_crc32_base62(random: &[u8]) -> bool {
    let split = random.len().saturating_sub(6);
    random
        .split_at_checked(split)
        .is_some_and(|(body, digits)| digits == crc32_base62(body))
}

/// The CRC-32 of a text in base 62, six digits.
pub(crate) fn crc32_base62(text: &[u8]) -> [u8; 6] {
    let mut rest = crc32(text);
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62.get((rest % 62) as usize).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

/// Whether the last eight digits are the CRC-32 of all up to the underscore before them, as four little-endian bytes
/// in hexadecimal.
pub(crate) fn ends_in_crc32_hex(token: &[u8]) -> bool {
    let split = token.len().saturating_sub(9);
    token
        .split_at_checked(split)
        .is_some_and(|(body, end)| end == crc32_hex(body))
}

/// An underscore and the CRC-32 of a text as four little-endian bytes in hexadecimal.
pub(crate) fn crc32_hex(text: &[u8]) -> [u8; 9] {
    let mut end = [b'_'; 9];
    let digits = crc32(text)
        .to_le_bytes()
        .into_iter()
        .flat_map(|byte| [byte >> 4, byte & 15]);
    for (place, digit) in end.iter_mut().skip(1).zip(digits) {
        *place = b"0123456789abcdef"
            .get(usize::from(digit))
            .copied()
            .unwrap_or(b'0');
    }
    end
}

/// Whether a text fits the check digits of BIP 173, whatever its human-readable part.
pub(crate) fn is_bech32(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    let Some(one) = text.iter().rposition(|byte| *byte == b'1') else {
        return false;
    };
    let (prefix, digits) = text.split_at(one);
    let high = prefix.iter().map(|byte| byte >> 5);
    let low = prefix.iter().map(|byte| byte & 31);
    let value = |byte: &u8| BECH32.iter().position(|digit| digit == byte).map(|at| at as u8);
    let Some(digits) = digits.iter().skip(1).map(value).collect::<Option<Vec<u8>>>() else {
        return false;
    };
    bech32_polymod(high.chain([0]).chain(low).chain(digits)) == 1
}

fn bech32_polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let shifted = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let terms = GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1);
        terms.fold(shifted, |sum, (_, term)| sum ^ term)
    })
}

/// Whether a text is base 58 with the check bytes of Bitcoin: the first four of a double SHA-256.
pub(crate) fn is_base58check(text: &[u8]) -> bool {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for character in text {
        let Some(digit) = BASE58.iter().position(|one| one == character) else {
            return false;
        };
        let mut carry = digit as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes.reverse();
    let split = bytes.len().saturating_sub(4);
    let (body, check) = bytes.split_at(split);
    Sha256::digest(Sha256::digest(body)).starts_with(check) && check.len() == 4
}

/// A data part of `length` digits and its six check digits, for what comes up to and with the last `1` before it.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn bech32_digits(before: &str, data: &str) -> Option<String> {
    let prefix = before.trim_end_matches('1').to_ascii_lowercase();
    let values = data
        .bytes()
        .map(|byte| BECH32.iter().position(|digit| *digit == byte).map(|at| at as u8));
    let values = values.collect::<Option<Vec<u8>>>()?;
    let high = prefix.bytes().map(|byte| byte >> 5).collect::<Vec<u8>>();
    let low = prefix.bytes().map(|byte| byte & 31).collect::<Vec<u8>>();
    let all = high.into_iter().chain([0]).chain(low).chain(values).chain([0; 6]);
    let sum = bech32_polymod(all) ^ 1;
    let digit = |at: u32| {
        BECH32
            .get((sum >> (5 * (5 - at)) & 31) as usize)
            .map(|digit| char::from(*digit))
    };
    (0..6)
        .map(digit)
        .collect::<Option<String>>()
        .map(|digits| format!("{data}{digits}"))
}

/// Bytes and their four check bytes in base 58; leading zero bytes are not kept.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn base58check(body: &[u8]) -> String {
    let check = Sha256::digest(Sha256::digest(body));
    let mut digits: Vec<u8> = Vec::new();
    for byte in body.iter().chain(check.iter().take(4)) {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    digits
        .iter()
        .rev()
        .filter_map(|digit| BASE58.get(usize::from(*digit)).map(|one| char::from(*one)))
        .collect()
}

/// The CRC-32 of IEEE 802.3, as zip and PNG use it.
pub(crate) fn crc32(text: &[u8]) -> u32 {
    let step = |sum: u32, _| {
        if sum & 1 == 1 {
            sum >> 1 ^ 0xedb8_8320
        } else {
            sum >> 1
        }
    };
    !text
        .iter()
        .fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_published_example_of_each_format_fits() {
        // GitHub's and npm's digits, as an article on the format computes them; Grafana's from its own tests.
        assert!(ends_in_crc32_base62(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"));
        assert!(ends_in_crc32_hex(
            concat!("glsa", "_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a").as_bytes()
        ));
        // BIP 173 and BIP 32 print these test vectors.
        assert!(is_bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
        let key = "9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
        assert!(is_base58check(format!("xprv{key}").as_bytes()));
    }

    #[test]
    fn another_digit_does_not_fit() {
        assert!(!ends_in_crc32_base62(b"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"));
        assert!(!ends_in_crc32_base62(b"short"));
        assert!(!is_bech32(b"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxx"));
        assert!(!is_base58check(b"111"));
        assert!(!is_base58check(b""));
    }
}
