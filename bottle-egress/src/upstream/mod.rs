//! The way out. Nothing here is reached without a [`Permit`](crate::Permit).

mod body;
mod dial;
mod outgoing;
mod pool;
mod resolver;

pub(crate) use body::{GuestBody, Progress, ReturnedReader};
pub(crate) use outgoing::Outgoing;
pub(crate) use pool::{Answered, Pool};
pub(crate) use resolver::CachedResolver;
pub use resolver::{Resolve, SystemResolver};
