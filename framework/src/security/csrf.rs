//! Requests that change something must come from the app's own pages.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site` on secure origins, `Origin` on every request
//! that is no GET. A page of another site can forge neither. A browser that says neither can show a token instead.
//! What carries none of them is no browser's request, and passes unless it brings a session along.

use actix_session::SessionExt;
use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::Deserialize;

use super::{Came, Cors, Origins, token};
use crate::{Error, Result};

/// The check of one app.
#[derive(Debug, Clone)]
pub(crate) struct Csrf {
    pub(crate) enabled: bool,
    pub(crate) origins: Origins,
    /// A request without a word about its origin is refused when it brings this cookie.
    pub(crate) session_cookie: String,
}

/// What a request tells about where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// One of the app's pages, or no page at all.
    Own,
    /// Another site's page.
    Foreign,
    /// Perhaps the one, perhaps the other.
    Unclear,
}

/// Whether the method only reads (RFC 9110, section 9.2.1).
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

impl Csrf {
    /// Looks at a request that changes something; its body comes back unread or read.
    ///
    /// # Errors
    /// 403 `E_CSRF` for a request that another site's page may have caused.
    pub(super) async fn check(
        &self,
        req: &HttpRequest,
        payload: Payload,
        cors: Option<&Cors>,
    ) -> Result<Payload> {
        match self.word(req, cors) {
            Word::Own => Ok(payload),
            Word::Foreign => Err(refusal()),
            Word::Unclear => {
                let session = req.get_session();
                if let Some(token) = token::told(req) {
                    return if token::fits(&session, &token) { Ok(payload) } else { Err(refusal()) };
                }
                let (token, payload) = Box::pin(in_body(req, payload)).await?;
                if token.is_some_and(|token| token::fits(&session, &token)) {
                    Ok(payload)
                } else {
                    Err(refusal())
                }
            }
        }
    }

    fn word(&self, req: &HttpRequest, cors: Option<&Cors>) -> Word {
        if Came::is_virtual(req) {
            return Word::Own;
        }
        let text = |name: &str| req.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
        let (site, origin) = (text("sec-fetch-site"), text("origin"));
        let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let is_known =
            |origin: &str| self.origins.knows(origin, host) || self.is_shared_with(origin, req, cors);
        match (site, origin) {
            (Some("same-origin" | "none"), _) => Word::Own,
            (_, Some(origin)) if is_known(origin) => Word::Own,
            (Some(_), _) => Word::Foreign,
            (None, Some(_)) => Word::Unclear,
            (None, None) if self.has_session(req) => Word::Unclear,
            (None, None) => Word::Own,
        }
    }

    /// Whether the route's CORS rule lets pages of `origin` send this: without credentials only what has no session.
    fn is_shared_with(&self, origin: &str, req: &HttpRequest, cors: Option<&Cors>) -> bool {
        cors.is_some_and(|cors| {
            cors.names(origin, &self.origins) && (cors.has_credentials() || !self.has_session(req))
        })
    }

    fn has_session(&self, req: &HttpRequest) -> bool {
        req.cookie(&self.session_cookie).is_some()
    }
}

/// The token in a form or a JSON object, and the body as it was.
async fn in_body(req: &HttpRequest, mut payload: Payload) -> Result<(Option<String>, Payload)> {
    let is_form = match req.content_type() {
        "application/x-www-form-urlencoded" => true,
        "application/json" => false,
        _ => return Ok((None, payload)),
    };
    let bytes = web::Bytes::from_request(req, &mut payload).await.map_err(|_| refusal())?;
    let token = if is_form {
        token::of_form(&String::from_utf8_lossy(&bytes))
    } else {
        serde_json::from_slice(&bytes).ok().map(|Carrier { token }| token)
    };
    Ok((token, Payload::from(bytes)))
}

#[derive(Deserialize)]
struct Carrier {
    #[serde(rename = "_csrf")]
    token: String,
}

fn refusal() -> Error {
    Error::new(
        StatusCode::FORBIDDEN,
        "E_CSRF",
        "this request comes from another site: send it from the app's own pages, or add the site to \
         allowed_origins in config/security.toml; a program sends `Origin` with the app's address, \
         an old browser the token as `X-CSRF-Token`",
    )
}
