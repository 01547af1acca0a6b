//! The guest's trust store.

use std::path::Path;

use bottle_backend::{Bottle, CopyOwner, ExecCommand, PutFile};
use bottle_plan::BottlePlan;
use bottle_util::ca::CaError;
use bottle_util::{files, log_ca_fingerprint};

use super::error::run;
use super::{ProvisionError, Step};

/// The most bytes that the bottle's certificate may have; ours have about one thousand.
const MAX_CERTIFICATE_BYTES: u64 = 64 * 1024;

/// Puts the bottle's certificate where the plan's trust store wants it and has the bundle rebuilt as root. Logs the
/// fingerprint once and returns it.
///
/// # Errors
///
/// When the certificate cannot be read, the guest refuses it, or the command that rebuilds the bundle fails.
pub async fn apply_ca(
    plan: &BottlePlan,
    bottle: &dyn Bottle,
    certificate: &Path,
) -> Result<String, ProvisionError> {
    let failed = |source| CaError::Read {
        path: certificate.to_owned(),
        source,
    };
    let pem = files::read_bounded(certificate, MAX_CERTIFICATE_BYTES);
    let pem = pem.map_err(|error| Step::Trust.failed(failed(error)))?;
    let fingerprint = log_ca_fingerprint(certificate).map_err(|error| Step::Trust.failed(error))?;
    let trust = &plan.provider.trust;
    let file = PutFile {
        path: trust.certificate.clone(),
        mode: 0o644,
        content: Some(pem),
    };
    let put = bottle.put(&[file], CopyOwner::Root).await;
    put.map_err(|error| Step::Trust.failed(error))?;
    if !trust.update.is_empty() {
        let ran = run(bottle, &ExecCommand::root(trust.update.clone())).await;
        ran.map_err(|error| Step::Trust.failed(error))?;
    }
    Ok(fingerprint)
}
