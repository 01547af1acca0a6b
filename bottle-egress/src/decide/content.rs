//! Requests whose body says whether they read or write: GraphQL, and the batches of Git LFS.

use std::collections::BTreeMap;
use std::fmt;

use hyper::Method;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::Deserialize;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::request::RequestFacts;

/// Tells whether the request is a GraphQL query, so that nothing is written by it.
///
/// Anything that is not plainly one is not: several operations in a list, stored operations, doubled or unknown keys.
pub(super) fn is_graphql_query(facts: &RequestFacts<'_>) -> bool {
    let Some(body) = object(facts, &["application/json"]) else {
        return false;
    };
    let known = ["query", "variables", "operationname"];
    let Some(Value::String(document)) = body.get("query") else {
        return false;
    };
    body.keys().all(|key| known.contains(&key.as_str())) && only_queries(document)
}

/// Tells whether the request asks where large files can be downloaded.
pub(super) fn is_large_file_download(facts: &RequestFacts<'_>) -> bool {
    let types = ["application/vnd.git-lfs+json", "application/json"];
    let known = ["operation", "transfers", "ref", "objects", "hash_algo"];
    let posts = *facts.method == Method::POST && facts.query.as_str().is_empty();
    posts
        && object(facts, &types).is_some_and(|body| {
            let downloads = body
                .get("operation")
                .is_some_and(|operation| operation == "download");
            downloads && body.keys().all(|key| known.contains(&key.as_str()))
        })
}

/// Reads the body as one JSON object, if it says that it is one and nothing else could be read in it.
fn object(facts: &RequestFacts<'_>, types: &[&str]) -> Option<BTreeMap<String, Value>> {
    let mut kinds = facts.headers.get_all(CONTENT_TYPE).into_iter();
    let (kind, None) = (kinds.next()?.to_str().ok()?, kinds.next()) else {
        return None;
    };
    let (essence, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let plain = types.iter().any(|kind| essence.trim().eq_ignore_ascii_case(kind));
    // In another character set the same bytes could say something else.
    let utf8 = ["", "charset=utf-8"]
        .iter()
        .any(|text| parameters.trim().eq_ignore_ascii_case(text));
    if !plain || !utf8 || facts.headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    let read: Result<UniqueKeys, _> = serde_json::from_slice(facts.content?);
    read.ok().map(|keys| keys.0)
}

/// A JSON object that names no key twice, in whatever case: programs differ in which of two values they take.
struct UniqueKeys(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueKeysVisitor)
    }
}

struct UniqueKeysVisitor;

impl<'de> Visitor<'de> for UniqueKeysVisitor {
    type Value = UniqueKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<UniqueKeys, A::Error> {
        let mut keys = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if keys.insert(key.to_ascii_lowercase(), value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(UniqueKeys(keys))
    }
}

/// Looks for the words that begin writing operations anywhere outside strings and comments. A field of such a name
/// makes the document refused too, which is the safe side.
fn only_queries(document: &str) -> bool {
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '#' => Some(rest.find(['\n', '\r']).unwrap_or(rest.len())),
            '"' => string_length(rest),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or_default();
                (!matches!(word, "mutation" | "subscription")).then_some(length)
            }
            c => Some(c.len_utf8()),
        };
        match taken.and_then(|length| rest.get(length..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// Returns the length of the string that the text begins with, quotes included; none when it does not end.
fn string_length(text: &str) -> Option<usize> {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        let mut from = 0;
        loop {
            let end = from + block.get(from..)?.find("\"\"\"")?;
            if !block.get(..end)?.ends_with('\\') {
                return Some(end + 6);
            }
            from = end + 3;
        }
    }
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' | '\r' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_told_from_mutations() {
        for document in [
            "{ viewer { login } }",
            "query Q($a: Int = 1) { a(b: \"mutation\") }",
            "# mutation\nquery { a }",
            "{ a(b: \"\"\"mutation { x } \\\"\"\" mutation\"\"\") }",
            "query { mutations mutation_x }",
            "",
        ] {
            assert!(only_queries(document), "{document}");
        }
        for document in [
            "mutation { a }",
            "query A { a } mutation B { b }",
            ",\u{feff}mutation{a}",
            "# x\rmutation { a }",
            "{ a(b: \"\\\\\") } mutation { b }",
            "{ a(b: \"\"\"\"\"\") } mutation { b }",
            "fragment f on Q { a }mutation M { b }",
            "subscription { a }",
            "{ a(b: \"",
            "{ a(b: \"x\nmutation\")",
        ] {
            assert!(!only_queries(document), "{document}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_makes_it_panic(document in "[a-z\"\\\\#\n{}é ]{0,40}") {
            let _ = only_queries(&document);
        }

        #[test]
        fn what_stands_before_a_mutation_does_not_hide_it(before in "(query [A-Z]?|\\{ a \\}|#[^\n\r]{0,5}\n|\"[a-z ]{0,5}\"|,| ){0,5}") {
            let document = format!("{before} mutation {{ a }}");
            proptest::prop_assert!(!only_queries(&document));
        }
    }
}
