//! The forward proxy that decides, request by request, what leaves a bottle.
#![forbid(unsafe_code)]

pub mod address;
mod decide;
pub mod limits;
mod policy;
mod request;
mod scrub;
