//! The other direction of a build: the builder asks for secrets by name, over a connection turned around.
//!
//! The one secret is a bundle of certificate authorities, for builds behind a company's proxy. It reaches the
//! `RUN` lines that ask for it and no layer of the image.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::grpc::build::health::health_check_response::ServingStatus;
use bollard::grpc::build::health::health_server::{Health, HealthServer};
use bollard::grpc::build::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bottle_util::files::read_bounded;
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use crate::engine::{Body, Engine, RawError, Upgraded};

/// The id by which a Dockerfile asks for the bundle.
const CA: &str = "ca";
/// The most that the builder takes as a secret: 500 KiB.
const MOST_SECRET: u64 = 500 << 10;
/// The call by which the builder asks.
const GET_SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

/// An open session; it ends when this is dropped.
pub(super) struct Session {
    pub(super) id: String,
    _end: oneshot::Sender<()>,
}

impl Session {
    pub(super) async fn open(engine: &Engine, id: String, ca: Option<&Path>) -> Result<Self, RawError> {
        let headers = [
            ("x-docker-expose-session-uuid", id.clone()),
            ("x-docker-expose-session-name", "bottle".to_owned()),
            ("x-docker-expose-session-grpc-method", GET_SECRET.to_owned()),
        ];
        let stream = engine
            .raw
            .hijack("/session", "h2c", &headers, Body::Empty)
            .await?;
        let (end, ended) = oneshot::channel();
        tokio::spawn(serve(stream, ca.map(Path::to_owned), ended));
        Ok(Self { id, _end: end })
    }
}

async fn serve(stream: Upgraded, ca: Option<PathBuf>, ended: oneshot::Receiver<()>) {
    let connections = stream::iter([Ok::<_, io::Error>(Connection(stream))]).chain(stream::pending());
    let served = tonic::transport::Server::builder()
        .add_service(HealthServer::new(Healthy))
        .add_service(SecretsServer::new(Bundle(ca)))
        .serve_with_incoming_shutdown(connections, async {
            let _ = ended.await;
        });
    if let Err(error) = served.await {
        tracing::debug!(%error, "the builder's session broke off");
    }
}

struct Bundle(Option<PathBuf>);

#[tonic::async_trait]
impl Secrets for Bundle {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let path = self.0.as_deref().filter(|_| request.get_ref().id == CA);
        let path = path.ok_or_else(|| Status::not_found("there is no such secret"))?;
        let data = read_bounded(path, MOST_SECRET)
            .map_err(|error| Status::failed_precondition(format!("{}: {error}", path.display())))?;
        Ok(Response::new(GetSecretResponse { data }))
    }
}

/// The builder hangs up on a session that does not say it is well.
struct Healthy;

fn well() -> HealthCheckResponse {
    HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    }
}

#[tonic::async_trait]
impl Health for Healthy {
    type WatchStream = stream::Once<std::future::Ready<Result<HealthCheckResponse, Status>>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(well()))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("only check"))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(stream::once(std::future::ready(Ok(well())))))
    }
}

/// The connection, as the server wants it.
struct Connection(Upgraded);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
