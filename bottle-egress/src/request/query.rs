//! The query: what is sent of it, and which of its parameters are credentials.

use super::parameters::{ParameterKind, parameter_kind};
use super::path::{hex, push_escape};

/// A query with the names of its parameters read, its text otherwise left as the guest wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    text: String,
    traits: Traits,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Traits {
    key: bool,
    signature: bool,
    method_override: bool,
}

/// Says why a query cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A control character, a space or a fragment.
    #[error("the query holds a control character, a space or '#'")]
    Character,
}

impl Query {
    /// Reads a query, without its question mark.
    ///
    /// # Errors
    ///
    /// When it holds a character that has no place in a request line.
    pub fn parse(raw: &str) -> Result<Self, QueryError> {
        let mut text = String::with_capacity(raw.len());
        for byte in raw.bytes() {
            match byte {
                0..=b' ' | b'#' | 0x7f => return Err(QueryError::Character),
                b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'\\' | 0x80.. => push_escape(&mut text, byte),
                _ => text.push(char::from(byte)),
            }
        }
        let traits = Traits::of(&text);
        Ok(Self { text, traits })
    }

    /// Returns the whole query, without a question mark.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether a parameter holds a key or token of the guest's.
    #[must_use]
    pub const fn has_key(&self) -> bool {
        self.traits.key
    }

    /// Tells whether the query is that of a signed URL: whoever has it may do one thing without any other credential.
    #[must_use]
    pub const fn has_signature(&self) -> bool {
        self.traits.signature
    }

    /// Tells whether a parameter asks the server to take the request for one of another method.
    #[must_use]
    pub const fn has_method_override(&self) -> bool {
        self.traits.method_override
    }

    /// Returns the query without the parameters that hold a key.
    #[must_use]
    pub fn without_keys(&self) -> String {
        if !self.traits.key {
            return self.text.clone();
        }
        let kept = |part: &&str| kind(part) != ParameterKind::Key;
        self.parts().filter(kept).collect::<Vec<_>>().join("&")
    }

    /// Returns the query for an event: names stay, values go.
    #[must_use]
    pub fn redacted(&self) -> String {
        let hide = |part: &str| match part.split_once('=') {
            Some((name, _)) => format!("{name}=*"),
            None => "*".to_owned(),
        };
        self.parts().map(hide).collect::<Vec<_>>().join("&")
    }

    /// Returns the values of every parameter of that name, decoded and in lower case.
    pub(crate) fn values<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = String> + 'a {
        self.parts().filter_map(move |part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name).to_ascii_lowercase() == wanted).then(|| decode(value).to_ascii_lowercase())
        })
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        split(&self.text)
    }
}

impl Traits {
    fn of(text: &str) -> Self {
        let mut traits = Self::default();
        for part in split(text) {
            match kind(part) {
                ParameterKind::Key => traits.key = true,
                ParameterKind::Signature => traits.signature = true,
                ParameterKind::MethodOverride => traits.method_override = true,
                ParameterKind::Plain => {}
            }
        }
        traits
    }
}

/// Some servers separate parameters by semicolons too, so both separate here.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(['&', ';']).filter(|part| !part.is_empty())
}

fn kind(part: &str) -> ParameterKind {
    parameter_kind(&decode(part.split('=').next().unwrap_or_default()))
}

/// Decodes once; what is no text is left out.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, taken) = match (first, after) {
            (b'+', _) => (b' ', 0),
            // Servers of one vendor read `%u0061` too.
            (b'%', [b'u' | b'U', b'0', b'0', high, low, ..]) => {
                hex(*high, *low).map_or((b'%', 0), |byte| (byte, 5))
            }
            (b'%', [high, low, ..]) => hex(*high, *low).map_or((b'%', 0), |byte| (byte, 2)),
            _ => (*first, 0),
        };
        bytes.push(byte);
        rest = after.get(taken..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, sent: &str) {
        assert_eq!(
            Query::parse(raw).map(|query| query.without_keys()).as_deref(),
            Ok(sent),
            "{raw:?}"
        );
    }

    #[test]
    fn key_parameters_are_left_out_whatever_their_spelling() {
        for raw in [
            "key=1",
            "API_KEY=1",
            "api-key=1",
            "%61pi%5Fkey=1",
            "access_token=1",
            "Private_Token=1",
            "token[]=1",
            "api.key=1",
            "api+key=1",
            "api%5bkey=1",
            "%20api_key=1",
            "api_key%00x=1",
            "Sudo=root",
            "%u0061pi_key=1",
        ] {
            check(raw, "");
        }
        check("a=1&key=2&b=3", "a=1&b=3");
        check("a=1;key=2", "a=1");
    }

    #[test]
    fn other_parameters_stay_as_they_were_written() {
        for raw in [
            "",
            "beta=true",
            "a[]=1&a[]=2",
            "q=a%20b+c",
            "keyword=1",
            "x=%7e;y=%7E",
            "100%",
        ] {
            check(raw, raw);
        }
        check("q=\"{é}\"", "q=%22%7B%C3%A9%7D%22");
    }

    #[test]
    fn characters_without_a_place_are_refused() {
        for raw in ["a b", "a\r\n", "a\0", "a#b", "a\u{7f}"] {
            assert_eq!(Query::parse(raw), Err(QueryError::Character), "{raw:?}");
        }
    }

    #[test]
    fn signed_urls_and_method_overrides_are_told() {
        let query = |raw| Query::parse(raw).unwrap();
        assert!(query("X-Amz-Signature=1&X-Amz-Credential=2").has_signature());
        assert!(query("sv=2024&sig=abc").has_signature());
        assert!(!query("design=1").has_signature());
        assert!(query("_method=DELETE").has_method_override());
        assert!(query("$httpMethod=DELETE").has_method_override());
        assert!(!query("method=x").has_method_override());
    }

    #[test]
    fn an_event_shows_names_only() {
        assert_eq!(Query::parse("a=secret&b&c=").unwrap().redacted(), "a=*&*&c=*");
    }

    proptest::proptest! {
        #[test]
        fn no_key_survives(raw in "(key|api_key|a|%6bey|token)(=[a-z]{0,3})?([&;](key|a|b|Token)=x){0,4}") {
            let query = Query::parse(&raw).unwrap();
            let again = Query::parse(&query.without_keys()).unwrap();
            proptest::prop_assert!(!again.has_key());
        }
    }
}
