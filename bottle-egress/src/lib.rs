//! The forward proxy that decides, request by request, what leaves a bottle.
#![forbid(unsafe_code)]

pub mod address;
mod decide;
mod http1;
pub mod limits;
mod policy;
mod request;
mod scrub;
mod server;
mod stream;
mod tls;
mod upstream;

pub use decide::{Permit, Refusal, Rule, decide, decide_tunnel};
pub use policy::{CompileError, CompiledRoute, Credential, Policy};
pub use request::{
    Authority, AuthorityError, CanonicalPath, PathError, Query, QueryError, RequestFacts, Scheme, ServerName,
    Upgrade,
};
pub use server::{Listener, OpenError, Server, Settings, event_channel};
pub use tls::{
    AuthorityFileError, CertificateAuthority, Clock, GuestTlsError, MintError, Minted, TrustError, mint,
};
pub use upstream::{Resolve, SystemResolver};
