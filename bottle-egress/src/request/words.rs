//! What the words of a name say about the value behind it.

use std::borrow::Cow;

/// Writes a lower-case name in the one form that all its spellings share: letters and digits, the rest hyphens.
pub(super) fn fold(name: &str) -> Cow<'_, str> {
    let odd = |b: u8| !b.is_ascii_lowercase() && !b.is_ascii_digit() && b != b'-';
    if !name.bytes().any(odd) {
        return Cow::Borrowed(name);
    }
    let fold = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '-',
    };
    Cow::Owned(name.chars().map(fold).collect())
}

/// A vocabulary: words as they stand, and what a longer word begins or ends with.
struct Vocabulary {
    words: &'static [&'static str],
    beginnings: &'static [&'static str],
    endings: &'static [&'static str],
}

const CREDENTIAL: Vocabulary = Vocabulary {
    words: &[
        "authn",
        "authz",
        "bearer",
        "cert",
        "certificate",
        "certs",
        "clientcert",
        "dpop",
        "hmac",
        "jwe",
        "jws",
        "jwt",
        "keys",
        "mfa",
        "otp",
        "pass",
        "passcode",
        "passphrase",
        "passwd",
        "pwd",
        "saml",
        "sid",
        "sig",
        "totp",
        "tokenid",
    ],
    beginnings: &[
        "authent",
        "authoris",
        "authoriz",
        "cookie",
        "credential",
        "oauth",
        "secret",
        "session",
    ],
    endings: &[
        "assertion",
        "auth",
        "cookie",
        "key",
        "password",
        "secret",
        "sessid",
        "session",
        "signature",
        "token",
        "tokens",
    ],
};

const ACCOUNT: Vocabulary = Vocabulary {
    words: &[
        "acting",
        "behalf",
        "merchant",
        "org",
        "orgid",
        "principal",
        "project",
        "projectid",
        "role",
        "roles",
        "runas",
        "subaccount",
        "sudo",
        "user",
        "userid",
        "userinfo",
        "username",
        "workspace",
        "workspaceid",
    ],
    beginnings: &["account", "impersonat", "organis", "organiz", "tenan"],
    endings: &[],
};

/// Tells whether a folded name sounds like that of a credential.
pub(super) fn speak_of_a_credential(name: &str) -> bool {
    CREDENTIAL.speaks_in(name)
}

/// Tells whether a folded name sounds like the choice of an account.
pub(super) fn speak_of_an_account(name: &str) -> bool {
    ACCOUNT.speaks_in(name)
}

impl Vocabulary {
    fn speaks_in(&self, name: &str) -> bool {
        name.split('-').any(|word| {
            self.words.contains(&word)
                || self
                    .beginnings
                    .iter()
                    .any(|beginning| word.starts_with(beginning))
                || self.endings.iter().any(|ending| word.ends_with(ending))
        })
    }
}
