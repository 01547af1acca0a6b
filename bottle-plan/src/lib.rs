//! The fully resolved description of one bottle about to run.
//!
//! A [`BottlePlan`] is plain data: every name in it is validated, nothing is left to decide, and it holds no
//! secret value, only where each one comes from. It performs no IO and cannot fail once it is made. It does not
//! know the user's file format, a container engine or a terminal.
//!
//! ```
//! use bottle_plan::egress::HostPattern;
//!
//! let pattern: HostPattern = "*.Example.com".parse()?;
//! assert!(pattern.covers("api.example.com"));
//! assert!(!pattern.covers("example.com"));
//! assert!(!pattern.covers("api.example.com.attacker.test"));
//! # Ok::<(), bottle_plan::egress::HostPatternError>(())
//! ```

pub mod door;
pub mod egress;
pub mod env;
pub mod git;
pub mod image;
pub mod inputs;
pub mod names;
mod octal;
pub mod paths;
mod plan;
pub mod provider;
pub mod secret;
pub mod size;
pub mod spec;
pub mod workspace;

pub use plan::{BottlePlan, PLAN_VERSION};
