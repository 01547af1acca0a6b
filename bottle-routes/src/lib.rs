//! Egress routes as users write them in YAML, lowered to the plan's routes with diagnostics.
//!
//! A bottle's frontmatter, a provider plugin and the standalone proxy share one notation for routes; here is the
//! one place that reads it. It must not know where the text came from, who merges it, or how routes are enforced.
//! A host variable that holds a credential is named in the text and becomes a slot and a source; no value is read.
#![forbid(unsafe_code)]

mod auth;
mod dlp;
mod field;
mod host;
mod matches;
mod numbers;
mod route;

pub use auth::Credential;
pub use field::{host_path, host_variable, text};
pub use route::{RouteDraft, read_routes};
