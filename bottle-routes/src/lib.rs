//! Egress routes as users write them in YAML, lowered to the plan's routes with diagnostics.
//!
//! A bottle's frontmatter, a provider plugin and the standalone proxy share one notation for routes; here is the
//! one place that reads it. It must not know where the text came from, who merges it, or how routes are enforced.
//! A host variable that holds a credential is named in the text and becomes a slot and a source; no value is read.
//!
//! ```
//! use bottle_document::{Diagnostics, PathBase, Source};
//!
//! let text = "egress:\n  routes:\n    - host: API.example.com\n      auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}\n";
//! let paths = PathBase { folder: "/etc/bottle".into(), home: "/root".into() };
//! let mut diagnostics = Diagnostics::default();
//! let table = bottle_routes::read_document(&Source::new("routes.yaml", text), &paths, &mut diagnostics)
//!     .expect("no mistakes");
//! assert_eq!(table.plan.routes[0].host.to_string(), "api.example.com");
//! assert_eq!(table.secrets.values().next().expect("one").to_string(), "host variable EXAMPLE_TOKEN");
//! ```
#![forbid(unsafe_code)]

mod auth;
mod dlp;
mod egress;
mod field;
mod host;
mod matches;
mod numbers;
mod route;
mod table;

pub use auth::{Credential, read_credential};
pub use egress::{EgressDraft, read_egress};
pub use field::{host_path, host_variable, text};
pub use route::{RouteDraft, read_routes};
pub use table::{EgressTable, assign_slots, read_document};

#[cfg(test)]
mod tests;
