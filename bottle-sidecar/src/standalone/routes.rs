//! The routes file, and what stays the same when it is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bottle_document::{Diagnostics, PathBase, ReadError, RenderStyle, Source};
use bottle_plan::egress::{EgressPlan, HostName};
use bottle_plan::names::{EnvName, TokenSlot};
use bottle_plan::secret::SecretSource;
use bottle_routes::{EgressTable, read_document};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::UpstreamRoots;

/// A file of routes and where its paths start from.
#[derive(Debug, Clone)]
pub struct RoutesFile {
    /// The file.
    pub path: PathBuf,
    /// Where paths in it start from.
    pub paths: PathBase,
}

/// Says why routes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file has mistakes; the text shows all of them.
    #[error("the routes have mistakes:\n{0}")]
    Mistakes(String),
    /// A file of certificates cannot be read, or holds none.
    #[error("{} holds no certificate that can be read", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; none when it is empty.
        #[source]
        source: Option<rustls_pki_types::pem::Error>,
    },
    /// Another variable, whose value was not taken at the start.
    #[error("a route takes its credential from {0}, which no route did at the start: start again")]
    NewVariable(EnvName),
    /// Another authority, which was not read at the start.
    #[error("an upstream authority for {0} was not there at the start: start again")]
    NewAuthority(HostName),
}

/// What was read at the start.
#[derive(Debug)]
pub(super) struct Routes {
    pub(super) plan: EgressPlan,
    pub(super) variables: BTreeMap<EnvName, TokenSlot>,
    pub(super) upstream_roots: UpstreamRoots,
}

/// What cannot change while the proxy runs: values and authorities are taken once.
#[derive(Debug)]
pub(super) struct Known {
    variables: BTreeMap<EnvName, TokenSlot>,
    authorities: BTreeSet<HostName>,
}

impl RoutesFile {
    /// Reads the file for the first time.
    pub(super) fn read(&self) -> Result<Routes, RoutesError> {
        let table = self.table()?;
        let variables = table.secrets.iter().filter_map(|(slot, source)| match source {
            SecretSource::HostVariable(name) => Some((name.clone(), slot.clone())),
            _ => None,
        });
        let variables = variables.collect();
        let upstream_roots = table.plan.upstream_ca.iter().map(|ca| {
            let certificates = read_certificates(&ca.file)?;
            Ok((ca.host.clone(), certificates))
        });
        Ok(Routes {
            variables,
            upstream_roots: upstream_roots.collect::<Result<_, RoutesError>>()?,
            plan: table.plan,
        })
    }

    /// Reads the file again. A slot means the same variable as at the start, wherever its route stands now.
    pub(super) fn read_again(&self, known: &Known) -> Result<EgressPlan, RoutesError> {
        let EgressTable { mut plan, secrets } = self.table()?;
        for auth in plan.routes.iter_mut().filter_map(|route| route.auth.as_mut()) {
            if let Some(SecretSource::HostVariable(name)) = secrets.get(&auth.slot) {
                let slot = known.variables.get(name);
                auth.slot = slot
                    .ok_or_else(|| RoutesError::NewVariable(name.clone()))?
                    .clone();
            }
        }
        let mut authorities = plan.upstream_ca.iter().map(|ca| &ca.host);
        match authorities.find(|host| !known.authorities.contains(*host)) {
            Some(host) => Err(RoutesError::NewAuthority(host.clone())),
            None => Ok(plan),
        }
    }

    fn table(&self) -> Result<EgressTable, RoutesError> {
        let source = Source::read(&self.path)?;
        let mut diagnostics = Diagnostics::default();
        let table = read_document(&source, &self.paths, &mut diagnostics);
        let rendered = diagnostics.render(RenderStyle::plain());
        let table = table.ok_or_else(|| RoutesError::Mistakes(rendered.clone()))?;
        if !rendered.is_empty() {
            tracing::warn!("the routes have warnings:\n{rendered}");
        }
        Ok(table)
    }
}

impl Routes {
    /// Returns what must stay as it is.
    pub(super) fn known(&self) -> Known {
        Known {
            variables: self.variables.clone(),
            authorities: self.upstream_roots.iter().map(|(host, _)| host.clone()).collect(),
        }
    }
}

/// Reads every certificate of a PEM file.
///
/// # Errors
///
/// When the file cannot be read or holds none.
pub fn read_certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, RoutesError> {
    let failed = |source| RoutesError::Authority {
        path: path.to_owned(),
        source,
    };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| failed(Some(error)))?;
    match certificates.is_empty() {
        true => Err(failed(None)),
        false => Ok(certificates),
    }
}
