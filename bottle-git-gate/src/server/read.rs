//! Reading: the mirror is refreshed, and git serves it.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bottle_wire::event::Verdict;
use bottle_wire::git_gate::{GitEvent, GitOperation};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout};
use tokio::sync::{SemaphorePermit, mpsc};
use tokio::time::timeout;

use super::respond::{self, Response};
use super::route::Service;
use super::{Body, BodyError};
use crate::child::{self, Group, Patience};
use crate::gate::{Gate, Repo};
use crate::git::Call;
use crate::limits::{CLIENT_SILENCE, FRESH, READ_TIME, UPSTREAM_SILENCE};
use crate::text;
use crate::upstream::UpstreamError;

/// The most pieces of an answer that wait for the client.
const PIECES: usize = 4;
/// How much of an answer is read at once.
const PIECE: usize = 128 << 10;

/// Answers what refs there are.
pub(super) async fn advertise(gate: &Gate, repo: &Arc<Repo>, service: Service, version: u8) -> Response {
    let started = Instant::now();
    let Some(room) = gate.room().await else {
        return respond::plain(503, "git gate: nothing can be recorded now");
    };
    let refreshed = repo.mirror.refresh().await.map(drop);
    // A push is reported by itself, unless it ends here.
    if service == Service::UploadPack || refreshed.is_err() {
        let mut event = event(repo, &refreshed);
        event.milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if service == Service::ReceivePack {
            event.operation = GitOperation::Push;
        }
        room.report(event);
    }
    if let Err(error) = refreshed {
        return respond::no_advertisement(service.name(), &error.to_string());
    }
    let call = match service {
        Service::UploadPack => upload_pack(repo, version),
        Service::ReceivePack => repo
            .mirror
            .call()
            .config("receive.advertiseAtomic", "true")
            .config("receive.advertisePushOptions", "true")
            .arg("receive-pack"),
    };
    let call = call.args(["--http-backend-info-refs", "."]);
    let patience = Patience {
        silence: UPSTREAM_SILENCE,
        total: UPSTREAM_SILENCE,
    };
    match child::run(call.command(), b"", patience).await {
        Ok(done) if done.status.success() => respond::advertisement(service.name(), &done.stdout),
        Ok(done) => {
            let said = text::last_lines(&done.stderr, 1).join(" ");
            respond::no_advertisement(service.name(), &said)
        }
        Err(error) => respond::no_advertisement(service.name(), &error.to_string()),
    }
}

fn upload_pack(repo: &Repo, version: u8) -> Call {
    let call = repo
        .mirror
        .call()
        .config("uploadpack.allowFilter", "true")
        .config("uploadpack.allowAnySHA1InWant", "true")
        .arg("upload-pack");
    match version {
        0 => call,
        version => call.env("GIT_PROTOCOL", format!("version={version}")),
    }
}

fn event(repo: &Repo, refreshed: &Result<(), UpstreamError>) -> GitEvent {
    let (verdict, rule, details) = match refreshed {
        Ok(()) => (Verdict::Allowed, "fresh", Vec::new()),
        Err(error) => (Verdict::Failed, error.name(), vec![error.to_string()]),
    };
    GitEvent {
        repo: repo.name.clone(),
        operation: GitOperation::Read,
        verdict,
        rule: rule.to_owned(),
        details,
        refs: Vec::new(),
        question: None,
        objects: 0,
        milliseconds: 0,
    }
}

/// Answers one request of a client that reads.
pub(super) async fn read(
    gate: &Gate,
    repo: &Arc<Repo>,
    version: u8,
    mut body: Body,
    is_gzip: bool,
) -> Response {
    const SERVICE: &str = "git-upload-pack";
    let request = match body.collect(is_gzip).await {
        Ok(request) => request,
        Err(error @ (BodyError::TooLarge | BodyError::Gzip)) => {
            return respond::plain(400, &format!("git gate: {error}"));
        }
        Err(error) => return respond::plain(408, &format!("git gate: {error}")),
    };
    if let Err(error) = repo.mirror.refresh_within(FRESH).await {
        return respond::no_result(SERVICE, &error.to_string());
    }
    let call = upload_pack(repo, version).args(["--stateless-rpc", "--strict", "."]);
    let (sender, receiver) = mpsc::channel(PIECES);
    let gate = gate.clone();
    tokio::spawn(async move {
        let Ok(place) = gate.reads().acquire().await else {
            return;
        };
        let served = match child::start(call.command()) {
            Ok(started) => timeout(READ_TIME, pump(started, &request, &sender, place))
                .await
                .unwrap_or_else(|_| Err(late())),
            Err(error) => Err(error),
        };
        if let Err(error) = served {
            // A client that went away does not want it.
            let _unwanted = sender.send(Err(error)).await;
        }
    });
    respond::pieces(SERVICE, receiver)
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

/// Feeds git and passes on what it says, until one side is gone.
async fn pump(
    (mut child, mut group): (Child, Group),
    request: &[u8],
    sender: &mpsc::Sender<io::Result<Bytes>>,
    _place: SemaphorePermit<'_>,
) -> io::Result<()> {
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("a child without pipes"));
    };
    let feeding = async move {
        // git that wants no more says why on its output.
        let _unwanted = stdin.write_all(request).await;
    };
    let hearing = async move {
        let mut said = vec![0; 4096];
        while let Ok(1..) = stderr.read(&mut said).await {}
    };
    let ((), (), passed) = tokio::join!(feeding, hearing, pass_on(stdout, sender));
    passed?;
    let status = child.wait().await?;
    group.has_ended();
    // A client that asks for what is not there is told so within the answer, and git ends with an error as well.
    tracing::debug!(%status, "git served a read");
    Ok(())
}

async fn pass_on(mut stdout: ChildStdout, sender: &mpsc::Sender<io::Result<Bytes>>) -> io::Result<()> {
    loop {
        let mut piece = bytes::BytesMut::with_capacity(PIECE);
        if stdout.read_buf(&mut piece).await? == 0 {
            return Ok(());
        }
        let sent = timeout(CLIENT_SILENCE, sender.send(Ok(piece.freeze()))).await;
        sent.map_err(|_| late())?
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    }
}
