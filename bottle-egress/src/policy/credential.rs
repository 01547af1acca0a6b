//! The credential of a route: the header field that is added, and what is scrubbed from answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bottle_plan::egress::{AuthScheme, HostPattern, RouteAuth};
use bottle_plan::names::TokenSlot;
use bottle_util::Secret;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::CompileError;
use crate::limits;
use crate::request::fields::{FieldKind, field_kind};
use crate::scrub::Scrubber;

/// A credential as it is written into requests. Its `Debug` form shows no value.
#[derive(Debug)]
pub struct Credential {
    slot: TokenSlot,
    field: HeaderName,
    value: HeaderValue,
    scrubber: Arc<Scrubber>,
}

impl Credential {
    pub(super) fn compile(
        auth: &RouteAuth,
        host: &HostPattern,
        tokens: &BTreeMap<TokenSlot, Secret>,
    ) -> Result<Self, CompileError> {
        let bad = |reason| CompileError::BadCredential {
            host: host.clone(),
            slot: auth.slot.clone(),
            reason,
        };
        let secret = tokens.get(&auth.slot).filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| CompileError::NoCredential {
            host: host.clone(),
            slot: auth.slot.clone(),
        })?;
        check_length(secret).map_err(bad)?;
        let (field, text) = write(&auth.scheme, secret).map_err(bad)?;
        let value = HeaderValue::from_str(&text);
        let mut value = value.map_err(|_| bad("it holds a character that no header field may hold"))?;
        value.set_sensitive(true);
        Ok(Self {
            slot: auth.slot.clone(),
            field,
            value,
            scrubber: Arc::new(Scrubber::new(secret, &auth.scheme)),
        })
    }

    /// Returns the slot that the value came from.
    #[must_use]
    pub const fn slot(&self) -> &TokenSlot {
        &self.slot
    }

    /// Returns the name of the field that is added.
    #[must_use]
    pub const fn field(&self) -> &HeaderName {
        &self.field
    }

    pub(crate) const fn value(&self) -> &HeaderValue {
        &self.value
    }

    pub(crate) const fn scrubber(&self) -> &Arc<Scrubber> {
        &self.scrubber
    }
}

fn check_length(secret: &Secret) -> Result<(), &'static str> {
    match secret.expose().len() {
        0..limits::CREDENTIAL_MIN_BYTES => Err("it is too short to be told from other text in answers"),
        limits::CREDENTIAL_MIN_BYTES..=limits::CREDENTIAL_MAX_BYTES => Ok(()),
        _ => Err("it is too long"),
    }
}

fn write(scheme: &AuthScheme, secret: &Secret) -> Result<(HeaderName, Zeroizing<String>), &'static str> {
    let secret = secret.expose();
    let (field, text) = match scheme {
        AuthScheme::Bearer => (AUTHORIZATION, format!("Bearer {secret}")),
        AuthScheme::Token => (AUTHORIZATION, format!("token {secret}")),
        AuthScheme::Basic if !secret.contains(':') => return Err("it is not of the form user:password"),
        AuthScheme::Basic => (AUTHORIZATION, format!("Basic {}", STANDARD.encode(secret))),
        AuthScheme::Header(name) => (field_name(name)?, secret.to_owned()),
    };
    Ok((field, Zeroizing::new(text)))
}

fn field_name(name: &str) -> Result<HeaderName, &'static str> {
    let name: HeaderName = name.parse().map_err(|_| "its header field has no valid name")?;
    match field_kind(name.as_str()) {
        FieldKind::Connection | FieldKind::Override => {
            Err("its header field is one that this door writes or removes")
        }
        _ => Ok(name),
    }
}
