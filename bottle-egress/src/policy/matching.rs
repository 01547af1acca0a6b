//! Matches of a route, compiled.

use bottle_plan::egress::{HeaderMatch, HostPattern, PathMatch, RouteMatch, ValueMatch};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use regex::bytes::{Regex, RegexBuilder};

use super::CompileError;
use crate::limits;
use crate::request::fields::is_same_field;
use crate::request::{CanonicalPath, RequestFacts};

/// One entry of a route's `matches`: its fields are AND-ed.
#[derive(Debug)]
pub(crate) struct CompiledMatch {
    paths: Vec<PathTest>,
    methods: Vec<String>,
    headers: Vec<HeaderTest>,
}

#[derive(Debug)]
enum PathTest {
    Prefix(String),
    Exact(String),
    Regex(Regex),
}

#[derive(Debug)]
struct HeaderTest {
    name: String,
    value: ValueTest,
}

#[derive(Debug)]
enum ValueTest {
    Exact(Vec<u8>),
    Regex(Regex),
}

impl CompiledMatch {
    pub(super) fn compile(entry: &RouteMatch, host: &HostPattern) -> Result<Self, CompileError> {
        let paths = entry.paths.iter().map(|path| PathTest::compile(path, host));
        let headers = entry
            .headers
            .iter()
            .map(|header| HeaderTest::compile(header, host));
        Ok(Self {
            paths: paths.collect::<Result<_, _>>()?,
            methods: entry
                .methods
                .iter()
                .map(|method| method.as_str().to_owned())
                .collect(),
            headers: headers.collect::<Result<_, _>>()?,
        })
    }

    /// Tells whether the request falls under the entry.
    pub(crate) fn covers(&self, facts: &RequestFacts<'_>) -> bool {
        let methods = &self.methods;
        let method = methods.is_empty() || methods.iter().any(|method| method == facts.method.as_str());
        let path = self.paths.is_empty() || self.paths.iter().any(|test| test.covers(facts.path));
        method && path && self.headers.iter().all(|test| test.covers(facts.headers))
    }

    /// Tells whether the entry looks at paths at all.
    pub(crate) fn reads_path(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Returns the names of the header fields that the entry looks at.
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|test| test.name.as_str())
    }
}

impl PathTest {
    fn compile(path: &PathMatch, host: &HostPattern) -> Result<Self, CompileError> {
        match path {
            PathMatch::Prefix(value) => {
                let path = canonical(value, host)?;
                Ok(Self::Prefix(path.decoded().trim_end_matches('/').to_owned()))
            }
            PathMatch::Exact(value) => Ok(Self::Exact(canonical(value, host)?.decoded().to_owned())),
            PathMatch::Regex(value) => anchored(value, host).map(Self::Regex),
        }
    }

    /// A path with an encoded slash has two readings, so no test covers it.
    fn covers(&self, path: &CanonicalPath) -> bool {
        if path.has_encoded_separator() {
            return false;
        }
        match self {
            Self::Prefix(prefix) => {
                let rest = path.decoded().strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
            Self::Exact(exact) => path.decoded() == exact,
            Self::Regex(regex) => regex.is_match(path.decoded().as_bytes()),
        }
    }
}

impl HeaderTest {
    fn compile(header: &HeaderMatch, host: &HostPattern) -> Result<Self, CompileError> {
        let value = match &header.value {
            ValueMatch::Exact(value) => ValueTest::Exact(value.as_bytes().to_owned()),
            ValueMatch::Regex(value) => ValueTest::Regex(anchored(value, host)?),
        };
        let name = header.name.to_ascii_lowercase();
        Ok(Self { name, value })
    }

    fn covers(&self, headers: &HeaderMap) -> bool {
        let test = |value: &HeaderValue| match &self.value {
            ValueTest::Exact(exact) => value.as_bytes() == exact,
            ValueTest::Regex(regex) => regex.is_match(value.as_bytes()),
        };
        // Of two values a server may take either, so only a single one can be checked, in whatever spelling.
        let same = |(name, _): &(&HeaderName, &HeaderValue)| is_same_field(name.as_str(), &self.name);
        let mut fields = headers.iter().filter(same);
        let checked = fields.next().filter(|(name, _)| name.as_str() == self.name);
        checked.is_some_and(|(_, value)| test(value)) && fields.next().is_none()
    }
}

fn canonical(value: &str, host: &HostPattern) -> Result<CanonicalPath, CompileError> {
    CanonicalPath::parse(value).map_err(|source| CompileError::BadPath {
        host: host.clone(),
        path: value.to_owned(),
        source,
    })
}

fn anchored(expression: &str, host: &HostPattern) -> Result<Regex, CompileError> {
    let whole = format!(r"\A(?:{expression})\z");
    let compiled = RegexBuilder::new(&whole)
        .unicode(false)
        .size_limit(limits::REGEX_BYTES)
        .build();
    compiled.map_err(|source| CompileError::BadExpression {
        host: host.clone(),
        source: Box::new(source),
    })
}
