//! The sidecar's boot frame, made from a plan and the secrets that it refers to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bottle_plan::BottlePlan;
use bottle_plan::egress::UpstreamCa;
use bottle_plan::git::GitRepo;
use bottle_plan::names::{EnvName, TokenSlot};
use bottle_util::{Secret, files};
use bottle_wire::boot::{Authority, Base64, Boot, EgressBoot, UpstreamRoots, WireSecret};
use bottle_wire::git_gate::{GatherError, GitGateBoot, NamedSecret, RepoBoot};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::Host;

/// The largest file of certificates that is read.
const MOST_CA_BYTES: u64 = 4 << 20;

/// Says why there is no boot frame.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A file of certificates cannot be read.
    #[error("cannot read the certificates for {host} in {path}")]
    Read {
        /// The upstream host.
        host: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What a repository refers to cannot be read.
    #[error("repository {repo} of the git gate")]
    Repository {
        /// The repository.
        repo: String,
        /// Why.
        #[source]
        source: GatherError,
    },
    /// A file holds no certificate.
    #[error("{path} holds no PEM certificate for {host}")]
    NoCertificate {
        /// The upstream host.
        host: String,
        /// The file.
        path: PathBuf,
    },
}

/// Makes the frame.
///
/// # Errors
///
/// When a file of `egress.upstream_ca`, or a key or token of a repository, cannot be used.
pub fn boot_frame(
    plan: &BottlePlan,
    host: &Host,
    authority: Authority,
    chain_key: Secret,
    tokens: BTreeMap<TokenSlot, Secret>,
    env: &[(EnvName, Secret)],
) -> Result<Boot, BootError> {
    let upstream_roots: Vec<UpstreamRoots> = plan
        .egress
        .upstream_ca
        .iter()
        .map(upstream_roots)
        .collect::<Result<_, _>>()?;
    let git_gate = git_gate(plan, host, &upstream_roots, env)?;
    Ok(Boot {
        identity: plan.identity.clone(),
        now: (host.clock)(),
        chain_key: WireSecret(chain_key),
        egress: EgressBoot {
            plan: plan.egress.clone(),
            tokens: tokens
                .into_iter()
                .map(|(slot, value)| (slot, WireSecret(value)))
                .collect(),
            authority,
            roots: host.roots.iter().cloned().map(Base64).collect(),
            upstream_roots,
            host_addresses: host.addresses.clone(),
        },
        git_gate,
        supervise: plan.supervise.is_some(),
    })
}

/// The git gate's part, if the plan has repositories.
fn git_gate(
    plan: &BottlePlan,
    host: &Host,
    authorities: &[UpstreamRoots],
    env: &[(EnvName, Secret)],
) -> Result<Option<GitGateBoot>, BootError> {
    if plan.repos.is_empty() {
        return Ok(None);
    }
    let secret = |(name, value): &(EnvName, Secret)| NamedSecret {
        name: name.to_string(),
        value: WireSecret(value.clone()),
    };
    let repos = plan.repos.iter().map(|repo| repository(repo, host, authorities));
    Ok(Some(GitGateBoot {
        identity: plan.identity.clone(),
        repos: repos.collect::<Result<_, _>>()?,
        secrets: env.iter().map(secret).collect(),
        roots: host.roots.iter().cloned().map(Base64).collect(),
    }))
}

fn repository(repo: &GitRepo, host: &Host, authorities: &[UpstreamRoots]) -> Result<RepoBoot, BootError> {
    let agent = host.ssh_agent();
    let variable = |name: &EnvName| host.variable(name).cloned();
    let gathered = RepoBoot::gather(repo.clone(), variable, agent.as_deref());
    let mut gathered = gathered.map_err(|source| BootError::Repository {
        repo: repo.name.to_string(),
        source,
    })?;
    let of_host = authorities
        .iter()
        .filter(|one| upstream_host(&repo.url) == Some(one.host.to_string().as_str()));
    gathered.authorities = of_host.flat_map(|one| one.certificates.clone()).collect();
    Ok(gathered)
}

/// Returns the host of an upstream's address, without user and port.
fn upstream_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => Some(name),
        _ => Some(host),
    }
}

fn upstream_roots(ca: &UpstreamCa) -> Result<UpstreamRoots, BootError> {
    let named = || (ca.host.to_string(), ca.file.clone());
    let pem = files::read_bounded(&ca.file, MOST_CA_BYTES).map_err(|source| {
        let (host, path) = named();
        BootError::Read { host, path, source }
    })?;
    let certificates: Vec<Base64> = CertificateDer::pem_slice_iter(&pem)
        .flatten()
        .map(|der| Base64(der.to_vec()))
        .collect();
    if certificates.is_empty() {
        let (host, path) = named();
        return Err(BootError::NoCertificate { host, path });
    }
    Ok(UpstreamRoots {
        host: ca.host.clone(),
        certificates,
    })
}
