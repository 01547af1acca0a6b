//! Whether a private key asks for a passphrase, which nobody is there to type.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// How OpenSSH's own format begins (PROTOCOL.key); the name of a cipher follows.
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Tells whether a key of OpenSSH's format, or of an older one in PEM (RFC 7468, RFC 1421), is encrypted.
pub(super) fn is_needed(key: &str) -> bool {
    let is_encrypted = |line: &str| {
        line.starts_with("-----BEGIN ENCRYPTED ")
            || line.starts_with("Proc-Type:") && line.contains("ENCRYPTED")
    };
    key.lines().any(is_encrypted) || cipher(key).is_some_and(|cipher| cipher != b"none")
}

fn cipher(key: &str) -> Option<Vec<u8>> {
    let body: String = key
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    // The first bytes are enough, and four characters are three of them.
    let begin = body.get(..body.len().min(BEGIN))?;
    let bytes = BASE64_STANDARD.decode(begin).ok()?;
    let rest = bytes.strip_prefix(MAGIC)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.get(..length).map(<[u8]>::to_vec)
}

/// Longer than the magic and the name of any cipher.
const BEGIN: usize = 120;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::is_needed;

    /// Says out loud, and to whoever runs all tests, that there was nothing to make keys with.
    #[expect(
        clippy::disallowed_methods,
        reason = "the runner of the tests tells its file in no other way"
    )]
    fn skip() {
        let line = "missing: ssh-keygen: keys_with_a_passphrase_are_told_from_those_without\n";
        eprint!("SKIPPED {line}");
        if let Some(log) = std::env::var_os("BOTTLE_SKIP_LOG") {
            let log = std::fs::OpenOptions::new().append(true).create(true).open(log);
            std::io::Write::write_all(&mut log.unwrap(), line.as_bytes()).unwrap();
        }
    }

    #[test]
    fn keys_with_a_passphrase_are_told_from_those_without() {
        let folder = tempfile::tempdir().unwrap();
        for (name, kind, passphrase, format) in [
            ("a", "ed25519", "", None),
            ("b", "ed25519", "words", None),
            ("c", "ecdsa", "", Some("PEM")),
            ("d", "ecdsa", "words", Some("PEM")),
            ("e", "ecdsa", "words", Some("PKCS8")),
        ] {
            let path = folder.path().join(name);
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(&path);
            if let Some(format) = format {
                keygen.args(["-m", format]);
            }
            let Ok(status) = keygen.status() else {
                return skip();
            };
            assert!(status.success(), "{name}");
            let key = std::fs::read_to_string(path).unwrap();
            assert_eq!(is_needed(&key), !passphrase.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_no_key_needs_none() {
        for text in [
            "",
            "-----BEGIN OPENSSH PRIVATE KEY-----\n",
            "b3BlbnNzaC1rZXktdjEA",
            "x\n\u{e9}\u{e9}",
        ] {
            assert!(!is_needed(text), "{text}");
        }
        proptest::proptest!(|(text in ".{0,200}")| { let _ = is_needed(&text); });
    }
}
