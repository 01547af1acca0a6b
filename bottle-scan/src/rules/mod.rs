//! The formats of secrets that vendors document, one table for each kind of vendor.
//!
//! A sample is what follows the rule's first keyword, or a whole text if it holds that keyword itself. In braces stands
//! what tests fill in at random: `{A36}` is 36 letters and digits, and [`sample::expand`] knows the other letters. So no
//! table holds anything that looks like a secret.

mod ai;
mod build;
mod business;
mod chat;
mod cloud;
mod connections;
mod data;
mod forges;
mod hosting;
mod keys;
mod mail;
mod monitoring;
mod named;
mod payments;
mod registries;
mod saas;
#[cfg(any(test, feature = "testing"))]
pub mod sample;
#[cfg(test)]
mod tests;

/// One documented format.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// A stable name: vendor and kind.
    pub id: &'static str,
    /// What is looked for first; one of these begins every match.
    pub keywords: &'static [&'static str],
    /// What follows the keyword, as a regular expression over bytes; its first group, if any, is the secret.
    pub tail: &'static str,
    /// The page on which the vendor documents the format, or what the secret opens.
    pub page: &'static str,
    /// Texts that hold a secret of this kind.
    pub finds: &'static [&'static str],
    /// Texts that nearly do.
    pub passes: &'static [&'static str],
    pub(crate) lead: Lead,
    pub(crate) check: Check,
    /// Bits per byte that the secret must have.
    pub(crate) entropy: f32,
    /// Keywords are words of prose and names: their case is free, and they are not shown as a prefix.
    pub(crate) named: bool,
    /// Only the surroundings say that it is a secret, so anything more precise goes first.
    pub(crate) generic: bool,
    /// How far the tail may reach.
    pub(crate) reach: usize,
}

/// What must stand before the keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lead {
    /// No letter or digit.
    Boundary,
    /// No letter or digit, and nothing that base64 is made of: for prefixes so short that those hold them by chance.
    Alone,
    /// Anything.
    Free,
    /// So many digits, which belong to the secret.
    Digits(usize, usize),
    /// So many letters, digits and `-._~`, which belong to the secret.
    Letters(usize),
    /// So many hexadecimal digits, which belong to the secret.
    Hex(usize),
}

/// What a text that has the shape must fulfil besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    None,
    /// The secret after the keyword ends in the CRC-32 of the rest, in base 62.
    Crc32Base62,
    /// All of it ends in an underscore and the CRC-32 of the rest, in hexadecimal.
    Crc32Hex,
    /// BIP 173.
    Bech32,
    /// Bitcoin's base 58.
    Base58,
    /// The first part is base64 of a JSON object that names an algorithm.
    Jwt,
    /// The secret is base64 of something with a colon in it.
    Credentials,
    /// The secret is base64 of DER, or of OpenSSH's or PGP's own format.
    Key,
    /// Letters and digits both occur in the secret.
    Mixed,
    /// Letters and digits both occur, and no word of programs does.
    Random,
    /// The secret is a password in a URL: no variable, no path.
    Password,
}

/// Returns all rules, in the order of their tables.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    TABLES.iter().copied().flatten()
}

const TABLES: &[&[Rule]] = &[
    ai::RULES,
    build::RULES,
    business::RULES,
    chat::RULES,
    cloud::RULES,
    connections::RULES,
    data::RULES,
    forges::RULES,
    hosting::RULES,
    keys::RULES,
    mail::RULES,
    monitoring::RULES,
    named::RULES,
    payments::RULES,
    registries::RULES,
    saas::RULES,
];

/// A token that begins with the vendor's prefix.
const fn token(
    id: &'static str,
    keywords: &'static [&'static str],
    tail: &'static str,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
    page: &'static str,
) -> Rule {
    Rule {
        id,
        keywords,
        tail,
        page,
        finds,
        passes,
        lead: Lead::Boundary,
        check: Check::None,
        entropy: 2.8,
        named: false,
        generic: false,
        reach: 512,
    }
}

/// A value that only the name of its variable or field gives away; `tail` is made with [`assigned!`].
const fn named(
    id: &'static str,
    keywords: &'static [&'static str],
    tail: &'static str,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
    page: &'static str,
) -> Rule {
    Rule {
        named: true,
        lead: Lead::Free,
        entropy: 3.0,
        ..token(id, keywords, tail, finds, passes, page)
    }
}

impl Rule {
    const fn check(self, check: Check) -> Self {
        Self { check, ..self }
    }

    const fn lead(self, lead: Lead) -> Self {
        Self { lead, ..self }
    }

    const fn entropy(self, entropy: f32) -> Self {
        Self { entropy, ..self }
    }

    const fn reach(self, reach: usize) -> Self {
        Self { reach, ..self }
    }

    const fn generic(self) -> Self {
        Self {
            generic: true,
            ..self
        }
    }
}

/// The rest of a name, what assigns, an opening quote (perhaps escaped), and the value.
macro_rules! assigned {
    ($value:literal) => {
        concat!(
            r#"[\w.-]{0,24}(?:\\*["'`\])]){0,2}[ \t]{0,8}(?::=|=>|[=:,(|>])[ \t(]{0,8}(?:\\*["'`]){0,1}"#,
            "(",
            $value,
            ")"
        )
    };
}
use assigned;
