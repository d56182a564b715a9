//! The socket behind a request.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::{Socket, Sockets};
use crate::{Error, Result};

/// The socket behind a virtual request or event; an extractor that never fails.
#[derive(Debug, Clone, Default)]
pub struct Requester(Option<Socket>);

impl Requester {
    /// The socket; nothing for an HTTP request.
    pub fn get(&self) -> Option<&Socket> {
        self.0.as_ref()
    }

    /// The socket.
    ///
    /// # Errors
    /// 400 for an HTTP request.
    pub fn socket(&self) -> Result<&Socket> {
        self.0.as_ref().ok_or_else(|| Error::bad_request("only a socket can ask for this: connect one"))
    }

    /// The socket's id, to leave it out of a broadcast.
    pub fn id(&self) -> Option<&str> {
        self.0.as_ref().map(Socket::id)
    }

    pub(crate) fn of(req: &HttpRequest) -> Self {
        Self(req.extensions().get::<Socket>().cloned())
    }
}

impl FromRequest for Requester {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

impl FromRequest for Sockets {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sockets = req.app_data::<Self>().cloned();
        ready(sockets.ok_or_else(|| Error::internal("this server was built without sockets")))
    }
}
