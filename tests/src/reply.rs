//! Answers of test servers.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

/// One answer, whole or streamed.
#[derive(Debug)]
pub struct Reply {
    response: Response<UnsyncBoxBody<Bytes, io::Error>>,
}

impl Reply {
    /// A JSON document.
    #[must_use]
    pub fn json(status: StatusCode, value: &Value) -> Self {
        Self::full(status, value.to_string()).with(CONTENT_TYPE, "application/json")
    }

    /// A body that is there at once.
    pub fn full(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(
            status,
            Full::new(body.into())
                .map_err(|never: Infallible| match never {})
                .boxed_unsync(),
        )
    }

    /// A body that comes piece by piece, without a length; an error in it breaks the connection off.
    pub fn stream(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        let frames = pieces.map(|piece| piece.map(Frame::data));
        Self::new(StatusCode::OK, BodyExt::boxed_unsync(StreamBody::new(frames)))
    }

    /// An answer that another server gave, whatever it is.
    pub(crate) fn passed_on(response: Response<Incoming>) -> Self {
        Self {
            response: response.map(|body| body.map_err(io::Error::other).boxed_unsync()),
        }
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
        self
    }

    /// The same answer with a header that a test made up; one that is no header is left out.
    #[must_use]
    pub fn with_text(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.response.headers_mut().append(name, value);
        }
        self
    }

    pub(crate) fn into_response(self) -> Response<UnsyncBoxBody<Bytes, io::Error>> {
        self.response
    }

    fn new(status: StatusCode, body: UnsyncBoxBody<Bytes, io::Error>) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Self { response }
    }
}
