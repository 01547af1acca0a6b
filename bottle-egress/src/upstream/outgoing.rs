//! The request as it is sent: written anew from what was decided, never from the guest's bytes.

use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, IF_RANGE,
    RANGE, TRAILER, TRANSFER_ENCODING,
};
use hyper::{HeaderMap, Request, Uri};

use super::GuestBody;
use crate::decide::{Permit, Refusal, Rule};
use crate::http1::{Framing, Head};
use crate::request::fields::{FieldKind, field_kind, is_same_field, names_a_conversation};

/// What is needed to write a permitted request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) permit: &'a Permit,
    pub(crate) head: &'a Head,
}

impl Outgoing<'_> {
    /// Writes the request around a body.
    pub(crate) fn request(self, body: GuestBody) -> Result<Request<GuestBody>, Refusal> {
        let target = Uri::try_from(self.permit.target());
        let target = target.map_err(|_| self.permit.refuse(Rule::Malformed))?;
        let headers = self.headers()?;
        let mut request = Request::new(body);
        *request.method_mut() = self.permit.method().clone();
        *request.uri_mut() = target;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn headers(self) -> Result<HeaderMap, Refusal> {
        let mut headers = HeaderMap::with_capacity(self.head.headers.len() + 4);
        headers.insert(HOST, self.host()?);
        for (name, value) in &self.head.headers {
            if self.passes(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        self.frame(&mut headers);
        if let Some(credential) = self.permit.compiled().credential() {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            headers.insert(credential.field().clone(), credential.value().clone());
        }
        Ok(headers)
    }

    fn host(self) -> Result<HeaderValue, Refusal> {
        let text = self
            .permit
            .authority()
            .host_field(self.permit.scheme().default_port());
        match &self.head.host {
            Some(said) if said.as_bytes() == text.as_bytes() => Ok(said.clone()),
            _ => HeaderValue::try_from(text).map_err(|_| self.permit.refuse(Rule::Malformed)),
        }
    }

    fn passes(self, name: &HeaderName) -> bool {
        let (route, name) = (self.permit.compiled(), name.as_str());
        if let Some(credential) = route.credential() {
            // The real one stands alone, in whatever spelling a server looks for it.
            if is_same_field(name, credential.field().as_str()) || *name == RANGE || *name == IF_RANGE {
                return false;
            }
        }
        match field_kind(name) {
            FieldKind::Connection | FieldKind::Override => false,
            _ if !route.strips_guest_credentials() => true,
            FieldKind::Credential if *name == AUTHORIZATION || *name == COOKIE => false,
            FieldKind::Credential | FieldKind::Account => {
                self.permit.has_checked_header(name)
                    || names_a_conversation(self.permit.authority().host().as_str(), name)
            }
            FieldKind::Plain => true,
        }
    }

    /// Says how the body is delimited, so that no library has to guess.
    fn frame(self, headers: &mut HeaderMap) {
        match self.head.framing {
            Framing::None if self.head.headers.contains_key(CONTENT_LENGTH) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            Framing::None => {}
            Framing::Length(length) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            Framing::Chunked => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                for names in self.head.headers.get_all(TRAILER) {
                    headers.append(TRAILER, names.clone());
                }
            }
        }
        if self.head.expects_continue && self.head.framing != Framing::None {
            headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
        }
    }
}
