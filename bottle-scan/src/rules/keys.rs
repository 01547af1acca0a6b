//! Key material and formats that no single vendor owns.

use super::{Check, Lead, Rule, token};

pub(super) const RULES: &[Rule] = &[
    token(
        "private-key",
        &[
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----",
            "-----BEGIN DSA PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        ],
        r"((?:\s|\\+[nrt]|[A-Za-z0-9+/=]|[A-Za-z-]{1,12}: [^\n\\]{1,80}|[,:])+?)-----END",
        &["\n{key}\n-----END PRIVATE KEY-----", r"\n{key}\n-----END PRIVATE KEY-----\n"],
        &["\n...\n-----END PRIVATE KEY-----", "{A40}"],
        "https://www.rfc-editor.org/rfc/rfc7468",
    )
    .lead(Lead::Free)
    .check(Check::Key)
    .reach(16_384),
    token(
        "pgp-private-key",
        &["-----BEGIN PGP PRIVATE KEY BLOCK-----"],
        r"((?:\s|\\+[nrt]|[A-Za-z0-9+/=]|[A-Za-z-]{1,12}: [^\n\\]{1,80})+?)-----END",
        &["\n\n{b400}\n={b4}\n-----END PGP PRIVATE KEY BLOCK-----"],
        &["\n...\n-----END PGP PRIVATE KEY BLOCK-----"],
        "https://www.rfc-editor.org/rfc/rfc9580",
    )
    .lead(Lead::Free)
    .reach(16_384),
    token(
        "putty-private-key",
        &["PuTTY-User-Key-File-2: ", "PuTTY-User-Key-File-3: "],
        r"[^\n]{3,40}\r?\n[\s\S]{40,}?Private-Lines: \d+\r?\n([A-Za-z0-9+/=\r\n]{40,})",
        &["ssh-ed25519\nEncryption: none\nComment: ada\nPublic-Lines: 1\n{b64}\nPrivate-Lines: 1\n{b64}\n"],
        &["ssh-ed25519\nEncryption: none\n"],
        "https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html",
    )
    .lead(Lead::Free)
    .reach(16_384),
    token(
        "age-secret-key",
        &["AGE-SECRET-KEY-1"],
        "[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
        &["{bech32}"],
        &["{U58}", "QQQQ"],
        "https://age-encryption.org/v1",
    )
    .check(Check::Bech32),
    token(
        "nostr-secret-key",
        &["nsec1"],
        "[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58}",
        &["{bech32}"],
        &["{a58}", "qqqq"],
        "https://github.com/nostr-protocol/nips/blob/master/19.md",
    )
    .check(Check::Bech32),
    token(
        "json-web-token",
        &["eyJhbGciOi", "eyJ0eXAiOi", "eyJraWQiOi", "eyJ4NXQiOi", "eyJqa3UiOi", "eyJjdHkiOi", "eyJlbmMiOi", "eyJhbGciIDog", "ewogICJhbGciOi"],
        r"[\w-]{8,2000}\.(?:ey[IJo]|ewo)[\w-]{16,8000}\.[\w-]{20,1024}",
        &["JIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{w60}.{w43}"],
        &["JIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{w60}", "{w30}.eyJ{w60}.{w43}"],
        "https://www.rfc-editor.org/rfc/rfc7519",
    )
    .check(Check::Jwt)
    .entropy(4.0)
    .reach(12_000),
    token(
        "json-web-key",
        &[r#""kty""#],
        r#"\s{0,4}:\s{0,4}"(?:RSA|EC|OKP|oct)"[^{}]{1,6000}?"(?:d|k)"\s{0,4}:\s{0,4}"([\w-]{22,700})""#,
        &[r#":"EC","crv":"P-256","x":"{w43}","y":"{w43}","d":"{w43}""#],
        &[r#":"EC","crv":"P-256","x":"{w43}","y":"{w43}""#],
        "https://www.rfc-editor.org/rfc/rfc7517",
    )
    .lead(Lead::Free)
    .entropy(4.0)
    .reach(6_144),
    token(
        "wireguard-private-key",
        &["PrivateKey", "PresharedKey"],
        "[ \t]{0,4}=[ \t]{0,4}([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)",
        &[" = {b42}A="],
        &[" = {b20}="],
        "https://www.wireguard.com/quickstart/",
    )
    .entropy(4.0),
    token(
        "htpasswd-hash",
        &["$2y$", "$apr1$"],
        r"(?:\d\d\$[./A-Za-z0-9]{53}|[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22})",
        &["10${A53}"],
        &["10${A20}"],
        "https://httpd.apache.org/docs/2.4/misc/password_encryptions.html",
    )
    .lead(Lead::Free)
    .entropy(3.8),
    token(
        "shadow-hash",
        &["$6$", "$y$j9T$"],
        r"(?:rounds=\d{1,9}\$)?(?:[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}|[./A-Za-z0-9]{8,24}\$[./A-Za-z0-9]{43})",
        &["{A16}${A86}"],
        &["{A16}${A20}"],
        "https://manpages.debian.org/bookworm/libcrypt-dev/crypt.5.en.html",
    )
    .lead(Lead::Free)
    .entropy(3.8),
];
