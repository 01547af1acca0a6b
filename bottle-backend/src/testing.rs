//! For tests: a small plan, what it takes to start it, and a backend without walls.

mod fake;
mod sample;
mod skip;
mod terminal;

pub use fake::FakeBackend;
pub use sample::{SamplePlan, sample_authority, sample_boot, sample_owner};
pub use skip::skip;
