//! Whether an engine can be used, and what to do when it cannot.

mod runc;

use std::io;
use std::path::Path;

use bollard::errors::Error;
use bollard::models::{SystemInfo, SystemVersion};
use bottle_backend::{Availability, EngineError};

use crate::engine::Engine;
use runc::Runc;

/// The oldest interface that has all that is used here: Engine 20.10.
const OLDEST: (u32, u32) = (1, 41);

/// Looks at an engine, to which `connect` connects.
pub(crate) async fn probe(
    socket: &Path,
    connect: impl Future<Output = Result<&Engine, EngineError>>,
) -> Availability {
    if let Err(error) = tokio::net::UnixStream::connect(socket).await {
        return unreachable(socket, &error);
    }
    let seen = match connect.await {
        Ok(engine) => look(engine).await.map_err(|error| error.to_string()),
        Err(error) => Err(with_cause(&error)),
    };
    match seen {
        Ok((version, info)) => judge(&version, &info),
        Err(reason) => Availability::Unusable {
            reason: format!("the engine at {} does not answer: {reason}", socket.display()),
            hint: "see whether the service runs: systemctl status docker".to_owned(),
        },
    }
}

async fn look(engine: &Engine) -> Result<(SystemVersion, SystemInfo), Error> {
    tokio::try_join!(engine.docker.version(), engine.docker.info())
}

fn with_cause(error: &EngineError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => cause.to_string(),
        None => error.to_string(),
    }
}

fn unreachable(socket: &Path, error: &io::Error) -> Availability {
    let path = socket.display();
    let (reason, hint) = match error.kind() {
        io::ErrorKind::NotFound => (
            format!("there is no engine at {path}"),
            "install Docker Engine 20.10 or newer, or name its socket with DOCKER_HOST=unix://PATH",
        ),
        io::ErrorKind::PermissionDenied => (
            format!("you may not use {path}"),
            "add yourself to its group, then log in again: sudo usermod -aG docker $USER",
        ),
        io::ErrorKind::ConnectionRefused => (
            format!("no engine listens at {path}"),
            "start it: sudo systemctl start docker",
        ),
        _ => (
            format!("{path} cannot be reached: {error}"),
            "see whether the service runs: systemctl status docker",
        ),
    };
    Availability::Unusable {
        reason,
        hint: hint.to_owned(),
    }
}

/// Judges what an engine says of itself.
fn judge(version: &SystemVersion, info: &SystemInfo) -> Availability {
    let engine = version.version.as_deref().unwrap_or("of an unknown version");
    let unusable = |reason: String, hint: &str| Availability::Unusable {
        reason,
        hint: hint.to_owned(),
    };
    if info.os_type.as_deref().is_some_and(|os| os != "linux") {
        return unusable(
            format!("Docker Engine {engine} runs no Linux containers"),
            "switch it to Linux containers",
        );
    }
    if !version.api_version.as_deref().is_some_and(is_new_enough) {
        return unusable(
            format!("Docker Engine {engine} is too old"),
            "install Docker Engine 20.10 or newer",
        );
    }
    let options = info.security_options.as_deref().unwrap_or_default();
    if !options.iter().any(|option| option.starts_with("name=seccomp")) {
        return unusable(
            format!("Docker Engine {engine} cannot filter system calls"),
            "use a kernel and an engine with seccomp",
        );
    }
    let mut warnings = Vec::new();
    match Runc::of(version).map(|runc| runc.judge()) {
        Some(runc::Verdict::Vulnerable(reason)) => {
            return unusable(
                reason,
                "install runc 1.1.12 or newer, or your distribution's update",
            );
        }
        Some(runc::Verdict::Unclear(warning)) => warnings.push(warning),
        Some(runc::Verdict::Fixed) | None => {}
    }
    if info.memory_limit == Some(false) || info.pids_limit == Some(false) {
        warnings.push("the engine cannot limit memory or processes".to_owned());
    }
    Availability::Usable {
        detail: format!("Docker Engine {engine}"),
        warnings,
    }
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
