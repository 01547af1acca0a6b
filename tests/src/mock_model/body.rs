//! Reads request bodies; codex compresses some with Zstandard (RFC 8878).

use std::io::Read;

use anyhow::{Result, ensure};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_ENCODING;
use hyper::http::request::Parts;
use ruzstd::decoding::StreamingDecoder;

use crate::record::RecordedBody;

/// The longest body, before and after decoding: a long conversation is a few megabytes.
const LIMIT: usize = 64 << 20;

pub(super) async fn read(head: &Parts, incoming: Incoming) -> Result<RecordedBody> {
    let collected = Limited::new(incoming, LIMIT)
        .collect()
        .await
        .map_err(anyhow::Error::from_boxed)?;
    let bytes = collected.to_bytes();
    let encoding = head.headers.get(CONTENT_ENCODING);
    if encoding.is_none_or(|encoding| encoding != "zstd") {
        return Ok(RecordedBody::of(&bytes));
    }
    let mut decoded = Vec::new();
    StreamingDecoder::new(bytes.as_ref())?
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut decoded)?;
    ensure!(
        decoded.len() <= LIMIT,
        "the body is longer than {LIMIT} bytes when decoded"
    );
    Ok(RecordedBody::of(&decoded))
}
