//! What the endpoint answers to requests it can't serve, and what it tells browsers about other origins.
//! See <https://socket.io/docs/v4/engine-io-protocol/#handshake>.

use actix_web::http::header::{self, ContentType, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::security::Origins;

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Refusal {
    /// The transport is none, or one that is switched off.
    Transport = 0,
    /// Nobody has the connection.
    Session = 1,
    /// A connection is opened with GET.
    Method = 2,
    /// It makes no sense, or comes from a page that may not connect.
    Request = 3,
    /// The revision of the protocol is none, or one that is switched off.
    Version = 5,
    /// The body is larger than a message may be.
    TooLarge = 6,
    /// The instance stops: another one takes the client.
    Draining = 7,
}

impl Refusal {
    /// The refusal with this number.
    pub(super) fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Transport,
            1 => Self::Session,
            2 => Self::Method,
            5 => Self::Version,
            6 => Self::TooLarge,
            7 => Self::Draining,
            _ => Self::Request,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Transport => "Transport unknown",
            Self::Session => "Session ID unknown",
            Self::Method => "Bad handshake method",
            Self::Version => "Unsupported protocol version",
            Self::Request | Self::TooLarge | Self::Draining => "Bad request",
        }
    }

    /// The answer; a WebSocket's handshake is told in text, and its connection ends.
    pub(super) fn answer(self, req: &HttpRequest) -> HttpResponse {
        let mut response = match self {
            Self::TooLarge => return HttpResponse::PayloadTooLarge().force_close().finish(),
            Self::Draining => {
                return HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, 1)).finish();
            }
            _ => HttpResponse::BadRequest(),
        };
        if is_upgrade(req) {
            return response.force_close().insert_header(ContentType::html()).body(self.message());
        }
        response.json(json!({ "code": self as u8, "message": self.message() }))
    }
}

/// Whether the request asks for a WebSocket.
pub(super) fn is_upgrade(req: &HttpRequest) -> bool {
    let upgrade = req.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Lets a page on another origin read the answer, if it may connect at all.
pub(in crate::sockets) fn share(req: &HttpRequest, origins: &Origins, headers: &mut HeaderMap) {
    let Some(origin) = req.headers().get(header::ORIGIN) else { return };
    if origins.allows(req) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// The answer to a browser that asks whether it may ask.
pub(super) fn preflight(req: &HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET,HEAD,PUT,PATCH,POST,DELETE"));
    if let Some(wanted) = req.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone()));
    }
    response.finish()
}
