//! Lengths and lines: how git frames its protocol (gitprotocol-common(5)).

/// The most bytes of one packet, its length included.
pub const MOST_BYTES: usize = 65520;
/// The most bytes of one side-band packet's content.
const MOST_SIDE_BAND: usize = MOST_BYTES - 5;

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0000`.
    Flush,
    /// Content; never empty in what we accept.
    Data(&'a [u8]),
}

/// Says that bytes are no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The length is not four hexadecimal digits.
    #[error("a packet whose length is not four hexadecimal digits")]
    Length,
    /// The length is one that has no meaning here.
    #[error("a packet of a length that is not allowed here")]
    Size,
}

/// Takes one packet off the front; none when more bytes are needed.
///
/// # Errors
///
/// When the bytes cannot become a packet.
pub fn take(bytes: &[u8]) -> Result<Option<(Packet<'_>, &[u8])>, PacketError> {
    let Some((digits, rest)) = bytes.split_at_checked(4) else {
        return match bytes.iter().all(u8::is_ascii_hexdigit) {
            true => Ok(None),
            false => Err(PacketError::Length),
        };
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(PacketError::Length);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| PacketError::Length)?;
    let length = usize::from_str_radix(digits, 16).map_err(|_| PacketError::Length)?;
    match length {
        0 => Ok(Some((Packet::Flush, rest))),
        5..=MOST_BYTES => Ok(rest
            .split_at_checked(length - 4)
            .map(|(data, rest)| (Packet::Data(data), rest))),
        _ => Err(PacketError::Size),
    }
}

/// Appends one packet; content beyond what a packet holds is cut.
pub fn put(out: &mut Vec<u8>, content: &[u8]) {
    let content = content
        .get(..content.len().min(MOST_BYTES - 4))
        .unwrap_or_default();
    out.extend(format!("{:04x}", content.len() + 4).into_bytes());
    out.extend(content);
}

/// Appends a flush packet.
pub fn put_flush(out: &mut Vec<u8>) {
    out.extend(b"0000");
}

/// Appends content on a side band, in as many packets as it takes: 1 is data, 2 is for people.
pub fn put_side_band(out: &mut Vec<u8>, band: u8, content: &[u8]) {
    for piece in content.chunks(MOST_SIDE_BAND) {
        put(out, &[&[band], piece].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_taken_one_by_one() {
        assert_eq!(
            take(b"0006a\n0000"),
            Ok(Some((Packet::Data(b"a\n"), &b"0000"[..])))
        );
        assert_eq!(take(b"0000x"), Ok(Some((Packet::Flush, &b"x"[..]))));
        for more in [&b""[..], b"00", b"0006a"] {
            assert_eq!(take(more), Ok(None), "{more:?}");
        }
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for bad in [
            &b"+0006a"[..],
            b"zz",
            b"0001",
            b"0002",
            b"0003",
            b"0004",
            b"ffff",
            b"fff1",
            b"-001",
        ] {
            assert!(take(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_put_is_taken() {
        proptest::proptest!(|(content in proptest::collection::vec(0u8.., 1..2000), rest: Vec<u8>)| {
            let mut out = Vec::new();
            put(&mut out, &content);
            out.extend(&rest);
            proptest::prop_assert_eq!(take(&out), Ok(Some((Packet::Data(&content), rest.as_slice()))));
        });
    }

    #[test]
    fn no_bytes_make_taking_panic() {
        proptest::proptest!(|(bytes: Vec<u8>)| { let _ = take(&bytes); });
    }
}
