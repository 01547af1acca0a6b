//! What a server is made of.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use bottle_plan::egress::{EgressPlan, HostName};
use bottle_plan::names::TokenSlot;
use bottle_util::Secret;
use bottle_wire::boot::{Base64, EgressBoot};
use rustls_pki_types::CertificateDer;

use crate::policy::CompileError;
use crate::tls::{AuthorityFileError, CertificateAuthority, Clock, GuestTlsError, TrustError};
use crate::upstream::{Resolve, SystemResolver};

/// Everything that a server needs. Nothing is read from the environment or from files.
pub struct Settings {
    /// The policy that is in force first.
    pub plan: EgressPlan,
    /// The value of each slot that routes name, now or after a reload.
    pub tokens: BTreeMap<TokenSlot, Secret>,
    /// The authority that the guest trusts.
    pub authority: CertificateAuthority,
    /// The roots that upstream certificates are verified by.
    pub roots: Vec<CertificateDer<'static>>,
    /// Further roots, each believed for one host only.
    pub upstream_roots: Vec<(HostName, Vec<CertificateDer<'static>>)>,
    /// The machine's own addresses, which no route reaches unless it names them.
    pub host_addresses: Vec<IpAddr>,
    /// The wall clock.
    pub clock: Clock,
    /// What finds the addresses of hosts.
    pub resolver: Arc<dyn Resolve>,
}

/// Says why a server cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The policy cannot be compiled.
    #[error("the policy cannot be used")]
    Policy(#[from] CompileError),
    /// The bottle's authority cannot be used.
    #[error("the bottle's certificate authority cannot be used")]
    Authority(#[from] AuthorityFileError),
    /// TLS towards the guest cannot be set up.
    #[error(transparent)]
    Guest(#[from] GuestTlsError),
    /// An upstream authority cannot be used.
    #[error("upstream certificates cannot be verified")]
    Trust(#[from] TrustError),
}

impl OpenError {
    /// Says what to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Policy(error) => error.hint(),
            Self::Authority(_) => "an authority is made by mint; its certificate and key belong together",
            Self::Guest(_) => "the system's source of randomness may be missing",
            Self::Trust(_) => "egress.upstream_ca names PEM files that hold certificates of authorities",
        }
    }
}

impl Settings {
    /// Takes the settings out of the egress door's part of a boot frame.
    ///
    /// # Errors
    ///
    /// When the authority cannot be read.
    pub fn from_boot(boot: EgressBoot, clock: Clock) -> Result<Self, OpenError> {
        let authority = CertificateAuthority::load(&boot.authority.certificate, &boot.authority.key.0)?;
        let tokens = boot.tokens.into_iter().map(|(slot, token)| (slot, token.0));
        let upstream = boot.upstream_roots.into_iter();
        Ok(Self {
            plan: boot.plan,
            tokens: tokens.collect(),
            authority,
            roots: certificates(boot.roots),
            upstream_roots: upstream
                .map(|of| (of.host, certificates(of.certificates)))
                .collect(),
            host_addresses: boot.host_addresses,
            clock,
            resolver: Arc::new(SystemResolver),
        })
    }
}

fn certificates(encoded: Vec<Base64>) -> Vec<CertificateDer<'static>> {
    encoded
        .into_iter()
        .map(|der| CertificateDer::from(der.0))
        .collect()
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}
