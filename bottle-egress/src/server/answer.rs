//! Answers of the door's own: refusals that an agent can use, in one shape everywhere.

use std::io;

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, PROXY_AUTHENTICATE, RETRY_AFTER};
use hyper::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use crate::decide::{Refusal, Rule};
use crate::http1::{AnswerHead, AnswerLength, Writer};

const DECISION: HeaderName = HeaderName::from_static("x-bottle-decision");

/// The body of a refusal.
#[derive(Serialize)]
struct RefusalBody<'a> {
    error: &'static str,
    what: &'a str,
    rule: &'static str,
    route: Option<&'a str>,
    reason: &'a str,
    asking: Asking,
}

#[derive(Serialize)]
struct Asking {
    could_help: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

/// Writes a refusal.
pub(super) async fn refuse(
    writer: &mut Writer,
    refusal: &Refusal,
    method: &Method,
    close: bool,
) -> io::Result<()> {
    let rule = refusal.rule();
    let how = refusal.how_to_ask();
    let body = RefusalBody {
        error: if rule.is_failure() {
            "bottle: upstream failed"
        } else {
            "bottle: refused"
        },
        what: refusal.what(),
        rule: rule.name(),
        route: refusal.route(),
        reason: &refusal.reason(),
        asking: Asking {
            could_help: how.is_some(),
            how,
        },
    };
    let mut headers = HeaderMap::new();
    let verdict = if rule.is_failure() { "failed" } else { "refused" };
    if let Ok(value) = HeaderValue::try_from(format!("{verdict}; rule={}", rule.name())) {
        headers.insert(DECISION, value);
    }
    match rule {
        Rule::Token => drop(headers.insert(
            PROXY_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"bottle\""),
        )),
        Rule::Rate => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static("10"))),
        _ => {}
    }
    json(writer, rule.status(), headers, &body, method, close).await
}

/// Writes a JSON answer.
pub(super) async fn json(
    writer: &mut Writer,
    status: StatusCode,
    mut headers: HeaderMap,
    body: &impl Serialize,
    method: &Method,
    close: bool,
) -> io::Result<()> {
    let mut text = serde_json::to_vec(body).map_err(io::Error::other)?;
    text.push(b'\n');
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    writer.head(&AnswerHead {
        status,
        headers: &headers,
        length: AnswerLength::Known(text.len() as u64),
        close,
    });
    if *method != Method::HEAD {
        writer.data(Bytes::from(text)).await?;
    }
    writer.finish().await
}
