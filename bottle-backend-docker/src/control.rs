//! Questions to a sidecar: its own binary, run in its own container, speaks to a socket that no guest can mount.

use bottle_backend::{BoxError, ControlError};
use bottle_plan::names::Identity;
use bottle_wire::control::{ControlAnswer, ControlRequest};
use bottle_wire::frame;

use crate::bottle::CONTROL_LIMIT;
use crate::engine::Engine;
use crate::exec::{Exec, run};
use crate::spec::{CONTROL, SIDECAR};

/// Asks one thing and returns the answer.
pub(crate) async fn ask(
    engine: &Engine,
    sidecar: &str,
    identity: &Identity,
    request: &ControlRequest,
) -> Result<ControlAnswer, ControlError> {
    let unreachable = |source: BoxError| ControlError::Unreachable {
        identity: identity.clone(),
        source,
    };
    let question = frame::encode(request).map_err(|error| unreachable(error.into()))?;
    let exec = Exec {
        argv: [SIDECAR, "ctl", "--control", CONTROL].map(str::to_owned).to_vec(),
        user: "0:0".to_owned(),
        env: Vec::new(),
        tty: false,
    };
    let asked = tokio::time::timeout(CONTROL_LIMIT, run(engine, sidecar, &exec, &question)).await;
    let asked = asked.map_err(|_| ControlError::TimedOut {
        identity: identity.clone(),
        limit: CONTROL_LIMIT,
    })?;
    let done = asked.map_err(|error| unreachable(error.into()))?;
    let answer = frame::read(&mut done.stdout.as_slice()).await;
    answer.map_err(|error| {
        let said = String::from_utf8_lossy(&done.stderr);
        let said = bottle_util::untrusted::line(said.trim());
        unreachable(format!("{error} (status {}) {said}", done.status).into())
    })
}
