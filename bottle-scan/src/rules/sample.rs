//! Sample texts: templates filled with what is drawn at random, and check digits where a format has them.

use data_encoding::BASE64;

use super::Rule;
use crate::checksum;

/// Draws the same sequence for the same seed.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// Begins a sequence.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below a bound; 0 if the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // SplitMix64, as its authors publish it.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31))
            .checked_rem(bound as u64)
            .unwrap_or_default() as usize
    }

    /// Returns a text of letters from an alphabet, every tenth of them a digit if the alphabet has digits.
    pub fn text(&mut self, alphabet: &str, length: usize) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        let digits: Vec<char> = alphabet.chars().filter(char::is_ascii_digit).collect();
        let of = |at: usize| {
            if at % 10 == 4 && !digits.is_empty() {
                &digits
            } else {
                &all
            }
        };
        (0..length)
            .filter_map(|at| of(at).get(self.below(of(at).len())).copied())
            .collect()
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Fills a sample of a rule in, after the rule's first keyword if the sample does not hold it.
#[must_use]
pub fn expand(rule: &Rule, sample: &str, draw: &mut Draw) -> String {
    let keyword = rule.keywords.first().copied().unwrap_or_default();
    let whole = rule.keywords.iter().any(|keyword| sample.contains(keyword));
    let mut text = if whole { String::new() } else { keyword.to_owned() };
    let mut rest = sample;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (inner, after) = after.split_once('}').unwrap_or((after, ""));
        match fill(inner, &text, draw) {
            Some(filled) => text.push_str(&filled),
            None => text.extend(["{", inner, "}"]),
        }
        rest = after;
    }
    text + rest
}

fn fill(inner: &str, before: &str, draw: &mut Draw) -> Option<String> {
    Some(match inner {
        "u" => [8, 4, 4, 4, 12]
            .map(|length| draw.text("0123456789abcdef", length))
            .join("-"),
        "crc" => with_crc(30, draw),
        "crc76" => with_crc(70, draw),
        "crchex" => {
            let random = draw.text(ALPHANUMERIC, 32);
            let digits = checksum::crc32_hex(format!("{before}{random}").as_bytes());
            random + &String::from_utf8_lossy(&digits)
        }
        "bech32" => with_bech32(before, draw)?,
        "xprv" => with_base58(before, draw)?,
        "basic" => BASE64.encode(format!("ada:{}", draw.text(ALPHANUMERIC, 16)).as_bytes()),
        "key" => format!("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{}", draw.text(ALPHANUMERIC, 96)),
        _ => {
            let (class, length) = inner.split_at_checked(1)?;
            let alphabet = match class {
                "A" => ALPHANUMERIC,
                "L" => LETTERS,
                "l" => "abcdefghijklmnopqrstuvwxyz",
                "a" => "0123456789abcdefghijklmnopqrstuvwxyz",
                "U" => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "h" => "0123456789abcdef",
                "H" => "0123456789ABCDEF",
                "d" => "0123456789",
                "2" => "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                // Neither dashes nor slashes, so that the ends are letters wherever they fall.
                "w" | "b" => ALPHANUMERIC,
                "p" => {
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#%&()*+,-./:;<=>?@[]^_|~"
                }
                _ => return None,
            };
            draw.text(alphabet, length.parse().ok()?)
        }
    })
}

fn with_crc(length: usize, draw: &mut Draw) -> String {
    let random = draw.text(ALPHANUMERIC, length);
    let digits = checksum::crc32_base62(random.as_bytes());
    random + &String::from_utf8_lossy(&digits)
}

fn with_bech32(before: &str, draw: &mut Draw) -> Option<String> {
    let digits = checksum::bech32_digits(before, &draw.text(BECH32, 52))?;
    let upper = before.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if upper {
        digits.to_ascii_uppercase()
    } else {
        digits
    })
}

fn with_base58(before: &str, draw: &mut Draw) -> Option<String> {
    let payload: Vec<u8> = (0..74).map(|_| draw.below(256) as u8).collect();
    // BIP 32: the version bytes that print as `xprv`.
    let key = checksum::base58check(&[&[0x04, 0x88, 0xad, 0xe4], payload.as_slice()].concat());
    key.strip_prefix(before).map(str::to_owned)
}
