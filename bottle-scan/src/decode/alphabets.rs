//! The digits of base64, base32 and hexadecimal.

/// What is no digit of an encoding has this value.
pub(super) const INVALID: u8 = 0x80;

/// Both alphabets of base64.
pub(super) static BASE64: [u8; 256] = base64();
/// Base32 in either case.
pub(super) static BASE32: [u8; 256] = base32();
pub(super) static HEX: [u8; 256] = hex();

/// The value of a digit.
#[inline(always)]
pub(super) fn value_of(values: &[u8; 256], byte: u8) -> u8 {
    values.get(usize::from(byte)).copied().unwrap_or(INVALID)
}

/// Whether a byte is a digit of base64, and so perhaps of the others.
#[inline(always)]
pub(super) fn is_letter(byte: u8) -> bool {
    value_of(&BASE64, byte) != INVALID
}

const fn base64() -> [u8; 256] {
    let mut values = [INVALID; 256];
    values = with(values, b'A', b'Z', 0);
    values = with(values, b'a', b'z', 26);
    values = with(values, b'0', b'9', 52);
    values = with(with(values, b'+', b'+', 62), b'-', b'-', 62);
    with(with(values, b'/', b'/', 63), b'_', b'_', 63)
}

const fn base32() -> [u8; 256] {
    let values = with(with([INVALID; 256], b'A', b'Z', 0), b'a', b'z', 0);
    with(values, b'2', b'7', 26)
}

const fn hex() -> [u8; 256] {
    let values = with(with([INVALID; 256], b'A', b'F', 10), b'a', b'f', 10);
    with(values, b'0', b'9', 0)
}

/// Enters a row of digits, the first of which has a value.
#[expect(
    clippy::indexing_slicing,
    reason = "a byte is always within; and this is done while compiling"
)]
const fn with(mut values: [u8; 256], first: u8, last: u8, value: u8) -> [u8; 256] {
    let mut byte = first;
    while byte <= last {
        values[byte as usize] = value + (byte - first);
        byte += 1;
    }
    values
}
