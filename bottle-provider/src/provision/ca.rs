//! The guest's trust store.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bottle_backend::{Bottle, CopyOwner, ExecCommand, PutFile};
use bottle_plan::BottlePlan;
use bottle_plan::provider::TrustStore;
use bottle_util::ca::{CaError, GUEST_JAVA_STORE, java_trust_store};
use bottle_util::{files, log_ca_fingerprint};

use super::error::{run, run_as};
use super::{ProvisionError, Step, StepError};

/// The most bytes that the bottle's certificate may have; ours have about one thousand.
const MAX_CERTIFICATE_BYTES: u64 = 64 * 1024;
/// Adds one certificate to Debian's trust store, or has all of it made anew.
const ADD_ON_DEBIAN: &str = include_str!("add_ca.sh");

/// Puts the bottle's certificate where the plan's trust store wants it and has it added to the bundle as root. Logs
/// the fingerprint once and returns it.
///
/// # Errors
///
/// When the certificate cannot be read, the guest refuses it, or the command that updates the bundle fails.
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
    let java = java_trust_store(certificate).map_err(|error| Step::Trust.failed(error))?;
    let trusted = trust(&plan.provider.trust, bottle, pem, java).await;
    trusted.map_err(|error| Step::Trust.failed(error))?;
    Ok(fingerprint)
}

async fn trust(
    store: &TrustStore,
    bottle: &dyn Bottle,
    pem: Vec<u8>,
    java: Vec<u8>,
) -> Result<(), StepError> {
    let java_path = store.certificate.parent().join(GUEST_JAVA_STORE)?;
    if let [update] = store.update.as_slice()
        && *store == TrustStore::default()
    {
        let (certificate, bundle) = (store.certificate.as_str(), store.bundle.as_str());
        let argv = [
            "/bin/sh",
            "-c",
            ADD_ON_DEBIAN,
            "add-ca",
            certificate,
            bundle,
            update,
            java_path.as_str(),
            &STANDARD.encode(&java),
        ];
        let command = ExecCommand {
            stdin: pem,
            ..ExecCommand::root(argv)
        };
        return run_as(update, bottle, &command).await;
    }
    let file = |path, content| PutFile {
        path,
        mode: 0o644,
        content: Some(content),
    };
    let files = [file(store.certificate.clone(), pem), file(java_path, java)];
    bottle.put(&files, CopyOwner::Root).await?;
    match store.update.as_slice() {
        [] => Ok(()),
        update => run(bottle, &ExecCommand::root(update.to_vec())).await,
    }
}
