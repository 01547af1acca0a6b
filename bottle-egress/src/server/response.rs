//! What of an upstream's answer reaches the guest.

use http_body::Body as _;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, SET_COOKIE, TRANSFER_ENCODING,
};
use hyper::{HeaderMap, Method, Response, StatusCode};

use crate::decide::Rule;
use crate::http1::AnswerLength;
use crate::policy::Credential;
use crate::request::fields::is_dropped_from_answers;

/// Refuses answers that could not be passed on as they are meant, or not be searched for the credential.
pub(super) fn check(response: &Response<Incoming>, has_credential: bool) -> Result<(), Rule> {
    let codings = response.headers().get_all(TRANSFER_ENCODING);
    let chunked = codings
        .iter()
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if response.status().is_informational() || !chunked {
        return Err(Rule::UpstreamBroke);
    }
    let encodings = response.headers().get_all(CONTENT_ENCODING);
    let plain = encodings
        .iter()
        .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if has_credential && !plain {
        return Err(Rule::EncodedAnswer);
    }
    Ok(())
}

/// Tells how the answer's body is delimited towards the guest.
pub(super) fn length(response: &Response<Incoming>, method: &Method) -> AnswerLength {
    let status = response.status();
    if *method == Method::HEAD || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        return AnswerLength::Bodiless;
    }
    match response.body().size_hint().exact() {
        Some(length) => AnswerLength::Known(length),
        None => AnswerLength::Chunked,
    }
}

/// Returns the fields that reach the guest. With a credential, none of them holds it, and no cookie that stands for it.
pub(super) fn headers(from: &HeaderMap, credential: Option<&Credential>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(from.len() + 2);
    for (name, value) in from {
        let cookie = credential.is_some() && *name == SET_COOKIE;
        if !cookie && !is_dropped_from_answers(name.as_str()) && !is_nominated(from, name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(credential) = credential {
        credential.scrubber().scrub_headers(&mut headers);
    }
    headers
}

/// Keeps what an answer without a body says of the length that the body would have.
pub(super) fn keep_length(from: &HeaderMap, headers: &mut HeaderMap) {
    if let Some(length) = from.get(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, length.clone());
    }
}

/// Tells whether the upstream declared a field to be about its connection (RFC 9110, section 7.6.1).
fn is_nominated(from: &HeaderMap, name: &HeaderName) -> bool {
    let options = from
        .get_all(CONNECTION)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut options = options.flat_map(|value| value.split(','));
    options.any(|option| option.trim().eq_ignore_ascii_case(name.as_str()))
}
