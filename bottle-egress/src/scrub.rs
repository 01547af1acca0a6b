//! Takes an injected secret out of what comes back: an upstream that echoes must not hand it over.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bottle_plan::egress::AuthScheme;
use bottle_util::Secret;
use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;
use hyper::header::HeaderValue;

use crate::limits;

/// Finds the forms of one secret. What is found becomes asterisks of the same number, so that lengths stay true.
pub(crate) struct Scrubber {
    longest: usize,
    in_forms: [bool; 256],
    finder: Option<AhoCorasick>,
}

/// The state of scrubbing one body: an end that could go on as a form is held back until more is there.
#[derive(Debug, Default)]
pub(crate) struct ScrubState {
    held: BytesMut,
}

impl Scrubber {
    /// Prepares to find a secret in its raw form, in the form its scheme sends, and in common encodings.
    pub(crate) fn new(secret: &Secret, scheme: &AuthScheme) -> Self {
        let mut forms = Vec::new();
        add_forms(&mut forms, secret.expose());
        if let (AuthScheme::Basic, Some((_, password))) = (scheme, secret.expose().split_once(':'))
            && password.len() >= limits::CREDENTIAL_MIN_BYTES
        {
            add_forms(&mut forms, password);
        }
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable();
        forms.dedup();
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        let in_forms = alphabet(&forms);
        let mut builder = AhoCorasick::builder();
        let finder = builder.match_kind(MatchKind::LeftmostLongest).build(&forms).ok();
        Self {
            longest,
            in_forms,
            finder,
        }
    }

    /// Takes the secret out of every header value.
    pub(crate) fn scrub_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(clean) = self.scrub(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static("*"));
            }
        }
    }

    /// Takes the secret out of a piece of a body; returns what can be passed on.
    pub(crate) fn push(&self, state: &mut ScrubState, piece: Bytes) -> Bytes {
        let whole = match state.held.is_empty() {
            true => piece,
            false => {
                state.held.extend_from_slice(&piece);
                state.held.split().freeze()
            }
        };
        let mut clean = self.scrub(&whole).map_or(whole, Bytes::from);
        let held = clean.split_off(clean.len() - self.held_length(&clean));
        state.held.extend_from_slice(&held);
        clean
    }

    /// Returns what was held back, once there is no more.
    pub(crate) fn finish(&self, state: &mut ScrubState) -> Bytes {
        state.held.split().freeze()
    }

    fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        let Some(finder) = &self.finder else {
            return Some(vec![b'*'; text.len()]);
        };
        let mut clean: Option<Vec<u8>> = None;
        for found in finder.find_iter(text) {
            let clean = clean.get_or_insert_with(|| text.to_vec());
            if let Some(part) = clean.get_mut(found.range()) {
                part.fill(b'*');
            }
        }
        clean
    }

    /// Returns how much of the end is held back: the run of characters that any secret could consist of.
    ///
    /// It must not depend on which of them the secret has. Where a body is cut can be seen, and a cut that moved with
    /// the secret would tell a guest, who can have text echoed, whether it guessed right.
    fn held_length(&self, text: &[u8]) -> usize {
        let could_be = |byte: &&u8| self.in_forms.get(usize::from(**byte)).copied().unwrap_or(true);
        text.iter()
            .rev()
            .take(self.longest.saturating_sub(1))
            .take_while(could_be)
            .count()
    }
}

/// All visible characters, whether a form has them or not, and whatever else a form has.
fn alphabet(forms: &[Vec<u8>]) -> [bool; 256] {
    let mut alphabet =
        std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(|byte| byte.is_ascii_graphic()));
    for byte in forms.iter().flatten() {
        if let Some(known) = alphabet.get_mut(usize::from(*byte)) {
            *known = true;
        }
    }
    alphabet
}

fn add_forms(forms: &mut Vec<Vec<u8>>, text: &str) {
    let bytes = text.as_bytes();
    forms.push(bytes.to_vec());
    forms.push(hex(bytes, "0123456789abcdef"));
    forms.push(hex(bytes, "0123456789ABCDEF"));
    forms.push(percent(bytes));
    if let Ok(json) = serde_json::to_string(text) {
        forms.push(json.trim_matches('"').as_bytes().to_vec());
    }
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
        forms.push(engine.encode(bytes).into_bytes());
    }
    for offset in 1..=2_usize {
        forms.push(shifted_base64(&STANDARD_NO_PAD, bytes, offset));
        forms.push(shifted_base64(&URL_SAFE_NO_PAD, bytes, offset));
    }
    forms.push(shifted_base64(&STANDARD_NO_PAD, bytes, 0));
    forms.push(shifted_base64(&URL_SAFE_NO_PAD, bytes, 0));
}

/// The part of the base64 of a longer text that depends on the secret alone, which begins `offset` bytes into a group.
fn shifted_base64(engine: &impl base64::Engine, bytes: &[u8], offset: usize) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let text = engine.encode(&padded).into_bytes();
    let whole_groups = padded.len() / 3 * 4;
    let first = if offset == 0 { 0 } else { 4 };
    text.get(first..whole_groups).unwrap_or_default().to_vec()
}

fn hex(bytes: &[u8], digits: &str) -> Vec<u8> {
    let digit = |nibble: u8| digits.as_bytes().get(usize::from(nibble)).copied();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .flatten()
        .collect()
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            crate::request::path::push_escape(&mut text, *byte);
        }
    }
    text.into_bytes()
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrubber")
    }
}

#[cfg(test)]
mod tests;
