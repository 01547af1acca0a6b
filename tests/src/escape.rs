//! What an attacker who has taken over the agent would try: one file for each property, the same on every backend.
//!
//! An attempt is made from inside, as the agent, and must fail. It is made again by its *twin*: the same program with
//! the same arguments on the host itself, where it must succeed, or else its failure inside says nothing. What not even
//! the twin can do here is said out loud and counted.
//!
//! Programs of attempts change nothing that lasts: what would is asked for with an argument that the kernel looks at
//! only after it has looked at who asks.

mod attempt;
mod batch;
mod cell;
mod ground;
mod program;
mod report;
mod suite;
mod twin;
mod wall;

pub mod properties;

pub use attempt::{Attempt, Beside};
pub use cell::Cell;
pub use program::{Attempted, attempt_program};
pub use report::check;
pub use wall::Wall;
