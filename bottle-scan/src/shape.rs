//! What a text must look like inside to be what it seems.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

/// Whether the first part is base64 of a JSON object that names an algorithm.
pub(crate) fn is_jwt(text: &[u8]) -> bool {
    let first = text.split(|byte| *byte == b'.').next().unwrap_or_default();
    let header = BASE64URL_NOPAD.decode(first).unwrap_or_default();
    let names = |key: &[u8]| memchr::memmem::find(&header, key).is_some();
    header.first() == Some(&b'{') && header.last() == Some(&b'}') && (names(b"\"alg\"") || names(b"\"enc\""))
}

/// Whether a text is base64 of a name, a colon and a password of some length.
pub(crate) fn is_credentials(text: &[u8]) -> bool {
    let decoded = decode(text);
    let mut parts = decoded.splitn(2, |byte| *byte == b':');
    let printable = decoded
        .iter()
        .all(|byte| byte.is_ascii_graphic() || *byte >= 0x80);
    let password = parts.nth(1).unwrap_or_default();
    printable && password.len() >= 8 && is_password(password)
}

/// Whether a text is base64 of a private key: DER, or OpenSSH's format. Legacy headers may precede it.
pub(crate) fn is_key(text: &[u8]) -> bool {
    // What stands in a quotation, or in code that writes keys, begins with neither.
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\'));
    let body = |line: &&[u8]| line.len() >= 16 && !line.contains(&b':');
    let Some(first) = lines.map(strip_escape).find(body) else {
        return false;
    };
    let begin: Vec<u8> = first
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take(20)
        .collect();
    let decoded = decode(begin.get(..begin.len() / 4 * 4).unwrap_or_default());
    let encrypted = memchr::memmem::find(text, b"ENCRYPTED").is_some();
    decoded.first() == Some(&0x30) || decoded.starts_with(b"openssh-key") || encrypted && !decoded.is_empty()
}

/// A line that began after the backslash of an escape begins with its letter.
fn strip_escape(line: &[u8]) -> &[u8] {
    match line {
        [b'n' | b'r' | b't', rest @ ..] if line.len() % 4 == 1 => rest,
        _ => line.trim_ascii(),
    }
}

/// Whether a text may be a password that somebody uses: not a variable, not what manuals write.
pub(crate) fn is_password(text: &[u8]) -> bool {
    let is_variable = |byte: &u8| {
        matches!(
            byte,
            b'$' | b'{' | b'}' | b'<' | b'>' | b'%' | b'[' | b']' | b'*' | b'(' | b'"'
        )
    };
    let manual: &[&[u8]] = &[
        b"password",
        b"passwd",
        b"pass",
        b"pwd",
        b"secret",
        b"postgres",
        b"root",
        b"admin",
        b"guest",
        b"test",
        b"user",
        b"mysql",
        b"token",
        b"hunter2",
        b"key",
        b"redacted",
    ];
    let lower = text.to_ascii_lowercase();
    let is_manual = |word: &&[u8]| lower.starts_with(word) && lower.len() <= word.len() + 4;
    let same = text
        .first()
        .is_some_and(|first| text.iter().all(|byte| byte == first));
    text.len() >= 5 && !same && !text.iter().any(is_variable) && !manual.iter().any(is_manual)
}

/// Whether a text changes between kinds of letters as often as what is drawn at random does, and is no path.
pub(crate) fn is_random(text: &[u8]) -> bool {
    let kind = |byte: &u8| match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let changes = text
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if kind(a) != kind(b)))
        .count();
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let breaks = text
        .iter()
        .filter(|byte| matches!(byte, b'/' | b'.' | b'-' | b'_'))
        .count();
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    (is_hex || changes * 4 >= text.len()) && digits * 16 >= text.len() && breaks * 8 <= text.len()
}

fn decode(text: &[u8]) -> Vec<u8> {
    let end = text
        .iter()
        .rposition(|byte| *byte != b'=')
        .map_or(0, |last| last + 1);
    let text = text.get(..end).unwrap_or_default();
    BASE64_NOPAD.decode(text).unwrap_or_default()
}
