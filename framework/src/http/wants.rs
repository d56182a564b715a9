//! Whether a client wants a page or data.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::security::Virtual;

/// Whether the client asks for HTML: its `Accept` names it, and it is neither a socket nor a script that
/// sends JSON. See Sails' `req.wantsJSON`, whose opposite this is.
pub(crate) fn wants_html(req: &impl HttpMessage) -> bool {
    let headers: &HeaderMap = req.headers();
    let has = |name: &str, word: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    has(header::ACCEPT.as_str(), "html")
        && !has(header::CONTENT_TYPE.as_str(), "application/json")
        && !has("x-requested-with", "XMLHttpRequest")
        && !req.extensions().contains::<Virtual>()
}

/// Whether the client asks for a page rather than data; an extractor that never fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantsHtml(pub bool);

impl FromRequest for WantsHtml {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(wants_html(req))))
    }
}
