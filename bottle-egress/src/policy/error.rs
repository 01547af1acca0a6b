//! Why a policy cannot be compiled.

use bottle_plan::egress::HostPattern;
use bottle_plan::names::TokenSlot;

/// Says why a policy cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Two routes have one pattern.
    #[error("two routes cover {0}")]
    TwoRoutes(HostPattern),
    /// A route covers many hosts and has a credential.
    #[error("the route for {0} covers more than one host and has a credential")]
    WildcardCredential(HostPattern),
    /// A route names a slot that holds nothing.
    #[error("the route for {host} wants the credential in slot {slot}, which is empty")]
    NoCredential {
        /// The route.
        host: HostPattern,
        /// The slot.
        slot: TokenSlot,
    },
    /// A credential cannot stand in a header field.
    #[error("the credential in slot {slot} cannot be sent to {host}: {reason}")]
    BadCredential {
        /// The route.
        host: HostPattern,
        /// The slot.
        slot: TokenSlot,
        /// What is wrong, without the value.
        reason: &'static str,
    },
    /// A path of a match has no single reading.
    #[error("the route for {host} matches the path {path:?}, which no request can have")]
    BadPath {
        /// The route.
        host: HostPattern,
        /// The path.
        path: String,
        /// What is wrong with it.
        #[source]
        source: crate::request::PathError,
    },
    /// A regular expression of a match does not compile.
    #[error("the route for {host} has an expression that does not compile")]
    BadExpression {
        /// The route.
        host: HostPattern,
        /// What is wrong with it.
        #[source]
        source: Box<regex::Error>,
    },
}

impl CompileError {
    /// Says what to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::TwoRoutes(_) => "one route decides about a host: merge the two",
            Self::WildcardCredential(_) => "name the one host that the credential is for",
            Self::NoCredential { .. } => "a reload can only use credentials that were there at launch",
            Self::BadCredential { .. } => "check the value that was given at launch",
            Self::BadPath { .. } => "write paths decoded once, without dot segments and doubled slashes",
            Self::BadExpression { .. } => {
                "expressions follow the syntax of the regex crate and match the whole text"
            }
        }
    }
}
