//! The forward proxy that decides, request by request, what leaves a bottle.
//!
//! An untrusted agent reaches the network through this door alone. The policy is data from `bottle-plan`;
//! [`decide`] is a pure function over it, and only the [`Permit`] that it yields opens a connection. [`Server`] is
//! the proxy around it: its documentation shows one running. This crate does not know where policies and secrets
//! come from: it reads no file, no environment and no clock of its own, and trusts nothing that a guest sends.
//!
//! ```
//! use bottle_egress::{Policy, Rule, decide_tunnel, request::Authority};
//! use bottle_plan::egress::{EgressPlan, Route, RouteOwner};
//!
//! let routes = vec![Route::to("api.example.com".parse()?, RouteOwner::Manifest)];
//! let plan = EgressPlan { routes, ..EgressPlan::default() };
//! let policy = Policy::compile(plan, &Default::default(), &[])?;
//! let refusal = decide_tunnel(&policy, &Authority::parse("api.example.com:22", None)?).unwrap_err();
//! assert_eq!(refusal.rule(), Rule::Port);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod address;
mod decide;
mod http1;
pub mod limits;
mod patience;
pub mod policy;
pub mod request;
mod scrub;
mod server;
mod stream;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod upstream;

pub use decide::{Permit, Refusal, Rule, decide, decide_tunnel, depends_on_body};
pub use policy::{CompileError, Policy};
pub use server::{Listener, OpenError, Server, Settings, event_channel};
pub use tls::{
    AuthorityFileError, CertificateAuthority, Clock, GuestTlsError, MintError, Minted, TrustError, mint,
};
pub use upstream::{Resolve, SystemResolver};
