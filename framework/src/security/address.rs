//! Whose request it is.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::FromSocket;
use crate::{Error, Result};

/// The client's address as the trusted proxies tell it; an extractor. Of a virtual request it is the one its socket
/// connected from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        let extensions = req.extensions();
        let of_socket = || extensions.get::<FromSocket>().map(|socket| socket.client);
        let told = extensions.get::<Self>().copied().or_else(of_socket);
        told.unwrap_or_else(|| Self(req.peer_addr().map(|peer| peer.ip())))
    }
}

/// Whether the client's connection is encrypted, as the trusted proxies tell it; an extractor. Without a trusted proxy it
/// is not: the app itself speaks plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsSecure(pub bool);

impl IsSecure {
    pub(crate) fn of(req: &HttpRequest) -> Self {
        let extensions = req.extensions();
        let of_socket = || extensions.get::<FromSocket>().map(|socket| socket.secure);
        extensions.get::<Self>().copied().or_else(of_socket).unwrap_or(Self(false))
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
