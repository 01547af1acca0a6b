//! The engine's interface without a library in between, for two things that one gets wrong: bodies that hold
//! secrets, which it would log, and streams of terminals, whose bytes it would take for frames.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, UPGRADE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::UnixStream;

/// The most bytes of an answer that is read whole.
const MOST_ANSWER: usize = 1 << 20;
/// The most time until the head of an answer is there.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says why a request got no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RawError {
    #[error("cannot connect to {socket}")]
    Connect {
        socket: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the engine broke the connection off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the engine did not answer within {PATIENCE:?}")]
    TimedOut,
    #[error("the engine refused: {message}")]
    Refused { status: StatusCode, message: String },
    #[error("the engine gave an answer that is none")]
    Strange,
    #[error("a request cannot be encoded")]
    Encode,
}

/// A stream that was a connection to the engine.
pub(crate) type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

/// One engine, reached over its local socket.
#[derive(Debug, Clone)]
pub(crate) struct RawClient {
    socket: PathBuf,
}

/// A body that no log ever sees.
pub(crate) enum Body {
    Empty,
    Json(zeroize::Zeroizing<Vec<u8>>),
    Tar(Bytes),
}

impl Body {
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, RawError> {
        let text = serde_json::to_vec(value).map_err(|_| RawError::Encode)?;
        Ok(Self::Json(zeroize::Zeroizing::new(text)))
    }

    fn bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Json(text) => Bytes::from_owner(text),
            Self::Tar(bytes) => bytes,
        }
    }
}

impl RawClient {
    pub(crate) fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
        }
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn request(&self, method: Method, path: &str, body: Body) -> Result<Bytes, RawError> {
        let request = request(method, path, body)?;
        let exchange = async {
            let response = self.send(request).await?;
            accepted(response).await
        };
        let response = in_time(exchange).await?;
        in_time(collect(response)).await
    }

    /// Posts and leaves the answer to be read as it comes. The caller bounds the time.
    pub(crate) async fn stream(&self, path: &str, body: Body) -> Result<hyper::body::Incoming, RawError> {
        let response = self.send(request(Method::POST, path, body)?).await?;
        Ok(accepted(response).await?.into_body())
    }

    /// Turns a connection into a stream, as `POST /exec/{id}/start` and its like do.
    pub(crate) async fn hijack(
        &self,
        path: &str,
        protocol: &'static str,
        headers: &[(&'static str, String)],
        body: Body,
    ) -> Result<Upgraded, RawError> {
        let mut request = request(Method::POST, path, body)?;
        let fields = request.headers_mut();
        fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        fields.insert(UPGRADE, HeaderValue::from_static(protocol));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).map_err(|_| RawError::Encode)?;
            fields.append(*name, value);
        }
        let exchange = async {
            let response = accepted(self.send(request).await?).await?;
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                let message = "it did not switch protocols".to_owned();
                let status = response.status();
                return Err(RawError::Refused { status, message });
            }
            hyper::upgrade::on(response).await.map_err(broken)
        };
        in_time(exchange).await.map(TokioIo::new)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<hyper::body::Incoming>, RawError> {
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| RawError::Connect {
                socket: self.socket.clone(),
                source,
            })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await.map_err(broken)
    }
}

fn request(method: Method, path: &str, body: Body) -> Result<Request<Full<Bytes>>, RawError> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "engine")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(body.bytes()))
        .map_err(|_| RawError::Encode)
}

/// Lets an answer through that is none of the engine's complaints.
async fn accepted(
    response: Response<hyper::body::Incoming>,
) -> Result<Response<hyper::body::Incoming>, RawError> {
    let status = response.status();
    if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response);
    }
    let body = collect(response).await?;
    let message = serde_json::from_slice::<Complaint>(&body)
        .map_or_else(|_| String::from_utf8_lossy(&body).into_owned(), |c| c.message);
    Err(RawError::Refused { status, message })
}

#[derive(serde::Deserialize)]
struct Complaint {
    message: String,
}

async fn collect(response: Response<hyper::body::Incoming>) -> Result<Bytes, RawError> {
    let body = Limited::new(response.into_body(), MOST_ANSWER).collect().await;
    Ok(body.map_err(RawError::Broken)?.to_bytes())
}

async fn in_time<T>(work: impl Future<Output = Result<T, RawError>>) -> Result<T, RawError> {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or(Err(RawError::TimedOut))
}

fn broken(error: hyper::Error) -> RawError {
    RawError::Broken(error.into())
}
