//! Asking a value for a type.

use std::fmt;

use thiserror::Error;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::tree::{Entry, Map, Node, Scalar, Value};

/// A type that a value can be asked for, or turns out to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A plain empty value, `~` or `null`.
    Nothing,
    /// A plain `true` or `false`.
    Bool,
    /// A plain whole number in decimal digits.
    Integer,
    /// Any other scalar.
    String,
    /// A sequence.
    List,
    /// A mapping.
    Map,
}

/// A value of another type than the one asked for; it names no value, since that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} must be {}, found {found}", subject_or_this(.subject.as_deref()), .wanted.as_wanted())]
pub struct WrongType {
    /// The key, if the value has one.
    pub subject: Option<String>,
    /// What was asked for.
    pub wanted: Kind,
    /// What is there.
    pub found: Kind,
    /// Where.
    pub span: Span,
}

impl Node {
    /// What the value looks like on its own.
    pub fn kind(&self) -> Kind {
        match &self.value {
            Value::List(_) => Kind::List,
            Value::Map(_) => Kind::Map,
            Value::Scalar(scalar) => scalar.kind(),
        }
    }

    /// The text of any scalar but an empty one: `no`, `on` and `1e3` are strings where a string is wanted.
    ///
    /// # Errors
    /// [`WrongType`] for a list, a map or nothing.
    pub fn expect_string(&self) -> Result<&str, WrongType> {
        match self.as_scalar() {
            Some(scalar) if scalar.kind() != Kind::Nothing => Ok(scalar.text()),
            _ => Err(self.is_not(Kind::String)),
        }
    }

    /// A plain `true` or `false`, and nothing else.
    ///
    /// # Errors
    /// [`WrongType`] for everything else, `yes` and `True` included.
    pub fn expect_bool(&self) -> Result<bool, WrongType> {
        match self.as_scalar().and_then(Scalar::plain) {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(self.is_not(Kind::Bool)),
        }
    }

    /// A plain whole number in decimal digits, without a leading zero or plus.
    ///
    /// # Errors
    /// [`WrongType`] for everything else, numbers beyond 64 bits included.
    pub fn expect_integer(&self) -> Result<i64, WrongType> {
        let text = self
            .as_scalar()
            .and_then(Scalar::plain)
            .filter(|text| is_integer(text));
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| self.is_not(Kind::Integer))
    }

    /// The items of a list.
    ///
    /// # Errors
    /// [`WrongType`] for everything else; one item alone is no list.
    pub fn expect_list(&self) -> Result<&[Node], WrongType> {
        match &self.value {
            Value::List(items) => Ok(items),
            Value::Scalar(_) | Value::Map(_) => Err(self.is_not(Kind::List)),
        }
    }

    /// A map.
    ///
    /// # Errors
    /// [`WrongType`] for everything else.
    pub fn expect_map(&self) -> Result<&Map, WrongType> {
        match &self.value {
            Value::Map(map) => Ok(map),
            Value::Scalar(_) | Value::List(_) => Err(self.is_not(Kind::Map)),
        }
    }

    fn is_not(&self, wanted: Kind) -> WrongType {
        WrongType {
            subject: None,
            wanted,
            found: self.kind(),
            span: self.span.clone(),
        }
    }
}

impl Entry {
    /// As [`Node::expect_string`], naming the key.
    ///
    /// # Errors
    /// [`WrongType`] with the key.
    pub fn expect_string(&self) -> Result<&str, WrongType> {
        self.node.expect_string().map_err(|wrong| self.name(wrong))
    }

    /// As [`Node::expect_bool`], naming the key.
    ///
    /// # Errors
    /// [`WrongType`] with the key.
    pub fn expect_bool(&self) -> Result<bool, WrongType> {
        self.node.expect_bool().map_err(|wrong| self.name(wrong))
    }

    /// As [`Node::expect_integer`], naming the key.
    ///
    /// # Errors
    /// [`WrongType`] with the key.
    pub fn expect_integer(&self) -> Result<i64, WrongType> {
        self.node.expect_integer().map_err(|wrong| self.name(wrong))
    }

    /// As [`Node::expect_list`], naming the key.
    ///
    /// # Errors
    /// [`WrongType`] with the key.
    pub fn expect_list(&self) -> Result<&[Node], WrongType> {
        self.node.expect_list().map_err(|wrong| self.name(wrong))
    }

    /// As [`Node::expect_map`], naming the key.
    ///
    /// # Errors
    /// [`WrongType`] with the key.
    pub fn expect_map(&self) -> Result<&Map, WrongType> {
        self.node.expect_map().map_err(|wrong| self.name(wrong))
    }

    /// The meaning of one of a few words.
    ///
    /// # Errors
    /// A diagnostic that names the allowed words, for any other word or type.
    pub fn expect_keyword<T, const N: usize>(&self, words: [(&'static str, T); N]) -> Result<T, Diagnostic> {
        let text = self.expect_string()?;
        let allowed = words.each_ref().map(|(word, _)| *word);
        let found = words.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| meaning).ok_or_else(|| {
            let message = format!(
                "{} cannot be {}",
                crate::quoted(&self.key.value),
                crate::quoted(text)
            );
            Diagnostic::error("unknown-value", message)
                .at(&self.node.span)
                .did_you_mean(crate::nearest(text, allowed))
                .help(format!("allowed: {}", allowed.join(", ")))
        })
    }

    /// An empty value has no text of its own to point at, so its key stands for it.
    fn name(&self, wrong: WrongType) -> WrongType {
        let span = if wrong.span.text().is_empty() {
            self.key.span.clone()
        } else {
            wrong.span
        };
        WrongType {
            subject: Some(self.key.value.clone()),
            span,
            ..wrong
        }
    }
}

impl Scalar {
    fn kind(&self) -> Kind {
        match self.plain() {
            Some("" | "~" | "null" | "Null" | "NULL") => Kind::Nothing,
            Some("true" | "false") => Kind::Bool,
            Some(text) if is_integer(text) => Kind::Integer,
            Some(_) | None => Kind::String,
        }
    }
}

impl Kind {
    fn as_wanted(self) -> &'static str {
        match self {
            Self::Nothing => "empty",
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Bool => "a truth value",
            Self::Integer => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

impl WrongType {
    /// How to write what was probably meant.
    pub fn hint(&self) -> Option<&'static str> {
        match (self.wanted, self.found) {
            (Kind::String, Kind::Nothing) => Some("write \"\" for an empty string"),
            (Kind::List, Kind::Nothing) => Some("write [] for an empty list, or leave the key out"),
            (Kind::Map, Kind::Nothing) => Some("write {} for an empty map, or leave the key out"),
            (Kind::List, _) => Some("write it as a list: [one, two]"),
            (Kind::Bool, Kind::String) => Some("only true and false are truth values, without quotes"),
            (Kind::Integer, Kind::String) => Some("write it in decimal digits, without quotes"),
            _ => None,
        }
    }
}

impl From<WrongType> for Diagnostic {
    fn from(wrong: WrongType) -> Self {
        let diagnostic = Diagnostic::error("wrong-type", wrong.to_string()).at(&wrong.span);
        wrong.hint().into_iter().fold(diagnostic, Diagnostic::help)
    }
}

fn subject_or_this(subject: Option<&str>) -> String {
    subject.map_or_else(|| "this".to_owned(), crate::quoted)
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal && (digits == "0" || !digits.starts_with('0'))
}
