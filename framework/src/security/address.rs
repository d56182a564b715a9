//! Whose request it is.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::{Error, Result};

/// The client's address as the trusted proxies tell it; an extractor. Of a virtual request it is the one its socket
/// connected from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        let told = req.extensions().get::<Came>().and_then(|came| came.client);
        told.unwrap_or_else(|| Self(req.peer_addr().map(|peer| peer.ip())))
    }
}

/// Whether the client's connection is encrypted, as the trusted proxies tell it; an extractor. Without a trusted proxy it
/// is not: the app itself speaks plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsSecure(pub bool);

impl IsSecure {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        Self(req.extensions().get::<Came>().is_some_and(|came| came.is_secure))
    }
}

/// Among a request's extensions: how it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Came {
    /// As the trusted proxies tell it; nothing when nobody was asked.
    pub(crate) client: Option<ClientAddress>,
    pub(crate) is_secure: bool,
    /// Over a socket, whose origin was checked when it connected, or from another instance.
    pub(crate) is_virtual: bool,
    /// The socket's id.
    pub(crate) socket: Option<Rc<str>>,
}

impl Came {
    /// Whether the request is none of HTTP.
    pub(crate) fn is_virtual(req: &impl HttpMessage) -> bool {
        req.extensions().get::<Self>().is_some_and(|came| came.is_virtual)
    }

    /// The socket it came over.
    pub(super) fn socket_of(req: &HttpRequest) -> Option<Rc<str>> {
        req.extensions().get::<Self>()?.socket.clone()
    }
}

impl FromRequest for IsSecure {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

impl FromRequest for ClientAddress {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}
