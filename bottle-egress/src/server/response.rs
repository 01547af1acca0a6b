//! What of an upstream's answer reaches the guest.

use http_body::Body as _;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, HeaderValue, SET_COOKIE, TRANSFER_ENCODING,
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

/// Removes the fields that do not reach the guest. With a credential, none of the others holds it, and there is no cookie
/// that stands for it.
pub(super) fn clean(headers: &mut HeaderMap, credential: Option<&Credential>) {
    let nominated = nominated(headers);
    let dropped = |name: &&HeaderName| {
        let cookie = credential.is_some() && **name == SET_COOKIE;
        cookie || is_dropped_from_answers(name.as_str()) || nominated.contains(name)
    };
    let dropped: Vec<HeaderName> = headers.keys().filter(dropped).cloned().collect();
    for name in dropped {
        headers.remove(name);
    }
    if let Some(credential) = credential {
        credential.scrubber().scrub_headers(headers);
    }
}

/// Keeps what an answer without a body says of the length that the body would have.
pub(super) fn keep_length(length: Option<HeaderValue>, headers: &mut HeaderMap) {
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, length);
    }
}

/// Returns the fields that the upstream declared to be about its connection (RFC 9110, section 7.6.1).
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    let options = headers
        .get_all(CONNECTION)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let options = options.flat_map(|value| value.split(','));
    options.filter_map(|option| option.trim().parse().ok()).collect()
}
