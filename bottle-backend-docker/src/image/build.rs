//! One build by the engine's BuildKit.

use std::path::Path;
use std::time::Duration;

use bottle_backend::{LaunchError, Progress};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::context::Context;
use super::progress::BuildLog;
use super::session::Session;
use super::step;
use crate::engine::{Body, Engine};

/// The most time that a build may take.
const LIMIT: Duration = Duration::from_secs(60 * 60);
/// The most bytes of one message of the engine's.
const MOST_MESSAGE: usize = 16 << 20;

/// Builds an image. It sees the context's files, and no variable or secret of the host's but the named bundle.
pub(super) async fn build(
    engine: &Engine,
    context: &Context,
    tag: &str,
    ca: Option<&Path>,
    progress: &dyn Progress,
) -> Result<(), LaunchError> {
    let build = async {
        let id = session_id()?;
        let session = Session::open(engine, id, ca)
            .await
            .map_err(|error| step("open a build session", error))?;
        let tar = context
            .tar()
            .map_err(|error| step("pack the build's files", error))?;
        let path = build_path(&session.id, tag);
        let answer = engine.raw.stream(&path, Body::Tar(tar)).await;
        let answer = answer.map_err(|error| step("start the build", error))?;
        follow(answer, progress).await
    };
    let timed_out = |_| LaunchError::Image {
        reason: format!("the build did not end within {LIMIT:?}"),
        log: Vec::new(),
    };
    tokio::time::timeout(LIMIT, build).await.map_err(timed_out)?
}

/// Version 2 is BuildKit. No `pull`: a base image that is here is the one that is used.
fn build_path(session: &str, tag: &str) -> String {
    let labels = "%7B%22bottle.image%22%3A%22agent%22%7D";
    format!("/build?version=2&session={session}&t={tag}&dockerfile=Dockerfile&rm=1&forcerm=1&labels={labels}")
}

fn session_id() -> Result<String, LaunchError> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| step("draw a random number", error.to_string()))?;
    Ok(data_encoding::HEXLOWER.encode(&random))
}

async fn follow(mut answer: Incoming, progress: &dyn Progress) -> Result<(), LaunchError> {
    let mut log = BuildLog::new(progress);
    let mut open = Vec::new();
    while let Some(frame) = answer.frame().await {
        let frame = frame.map_err(|error| step("follow the build", error))?;
        let Ok(data) = frame.into_data() else { continue };
        open.extend_from_slice(&data);
        while let Some(end) = open.iter().position(|byte| *byte == b'\n') {
            let rest = open.split_off(end + 1);
            log.message(&open);
            open = rest;
        }
        if open.len() > MOST_MESSAGE {
            return Err(step("follow the build", "a message without an end"));
        }
    }
    log.message(&open);
    log.end()
        .map_err(|(reason, log)| LaunchError::Image { reason, log })
}
