//! Whose request it is.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::Hops;
use crate::{Error, Result};

/// The client's address as the trusted proxies tell it; an extractor. Of a virtual request it is the one its socket
/// connected from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        if let Some(came) = req.extensions().get::<Came>() {
            return came.client;
        }
        let (peer, hops) = (peer(req), req.app_data::<Hops>());
        Self(hops.map_or(peer, |hops| hops.client(peer, req.headers())))
    }
}

/// Whether the client's connection is encrypted, as the trusted proxies tell it; an extractor. Without a trusted proxy it
/// is not: the app itself speaks plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsSecure(pub bool);

impl IsSecure {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        if let Some(came) = req.extensions().get::<Came>() {
            return Self(came.is_secure);
        }
        let hops = req.app_data::<Hops>();
        Self(hops.is_some_and(|hops| hops.is_secure(peer(req), req.headers())))
    }
}

fn peer(req: &HttpRequest) -> Option<IpAddr> {
    req.peer_addr().map(|peer| peer.ip())
}

/// Among the extensions of a virtual request: how it came. Its origin was checked when its socket connected, or it is
/// another instance's.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) client: ClientAddress,
    pub(crate) is_secure: bool,
    /// The socket's id.
    pub(crate) socket: Option<Rc<str>>,
}

impl Came {
    /// Whether the request is none of HTTP.
    pub(crate) fn is_virtual(req: &impl HttpMessage) -> bool {
        req.extensions().contains::<Self>()
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
