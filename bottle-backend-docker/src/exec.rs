//! Programs in a container: made, started, fed, read, ended.

mod collect;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use collect::{CollectError, Collected, MOST_OUTPUT, run};
pub(crate) use session::open_session;

use std::time::Duration;

use hyper::Method;
use serde::{Deserialize, Serialize};

use crate::engine::{Body, Engine, RawError, Upgraded};

/// What is run.
pub(crate) struct Exec {
    pub(crate) argv: Vec<String>,
    /// A user and a group, as numbers.
    pub(crate) user: String,
    /// `NAME=value`, on top of the container's own.
    pub(crate) env: Vec<zeroize::Zeroizing<String>>,
    pub(crate) tty: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRequest<'a> {
    attach_stdin: bool,
    attach_stdout: bool,
    attach_stderr: bool,
    tty: bool,
    cmd: &'a [String],
    env: Vec<&'a str>,
    user: &'a str,
    /// Always the root: a working folder that the guest names is where CVE-2024-21626 got in.
    working_dir: &'static str,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StartRequest {
    detach: bool,
    tty: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    running: bool,
    exit_code: Option<i64>,
}

/// Makes a program known to the engine; it does not run yet. No library sees the body: it holds secrets.
pub(crate) async fn create(engine: &Engine, container: &str, exec: &Exec) -> Result<String, RawError> {
    let body = Body::json(&CreateRequest {
        attach_stdin: true,
        attach_stdout: true,
        attach_stderr: true,
        tty: exec.tty,
        cmd: &exec.argv,
        env: exec.env.iter().map(|variable| variable.as_str()).collect(),
        user: &exec.user,
        working_dir: "/",
    })?;
    let path = format!("/containers/{container}/exec");
    let answer = engine.raw.request(Method::POST, &path, body).await?;
    let created: Created = serde_json::from_slice(&answer).map_err(|_| RawError::Strange)?;
    Ok(created.id)
}

/// Starts it; the stream is its standard streams.
pub(crate) async fn start(engine: &Engine, id: &str, tty: bool) -> Result<Upgraded, RawError> {
    let body = Body::json(&StartRequest { detach: false, tty })?;
    let path = format!("/exec/{id}/start");
    engine.raw.hijack(&path, "tcp", &[], body).await
}

/// Returns its exit status, once it has one.
pub(crate) async fn status(engine: &Engine, id: &str) -> Result<Option<i32>, RawError> {
    let path = format!("/exec/{id}/json");
    let answer = engine.raw.request(Method::GET, &path, Body::Empty).await?;
    let seen: Inspected = serde_json::from_slice(&answer).map_err(|_| RawError::Strange)?;
    let status = seen.exit_code.filter(|_| !seen.running);
    Ok(status.map(|code| i32::try_from(code).unwrap_or(-1)))
}

/// Waits for its exit status, looking ever less often.
pub(crate) async fn wait(engine: &Engine, id: &str) -> Result<i32, RawError> {
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = status(engine, id).await? {
            return Ok(status);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}
