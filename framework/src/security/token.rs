//! The token with which a page proves that it could read one of the app's own pages.
//!
//! The session holds a secret; what goes out is the secret under a mask that is new each time, so that compressed answers
//! don't tell it (BREACH).

use std::future::{Ready, ready};

use actix_session::{Session, SessionExt, SessionStatus};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::json;

use super::Came;
use crate::cache::Personal;
use crate::{Error, Result};

/// Where the session keeps its secret.
const KEY: &str = "_csrf";
/// Bytes of the secret, and of its mask.
const LENGTH: usize = 32;
/// Headers a token may come in; the first is ours, the others are those Sails' clients send.
const HEADERS: [&str; 4] = ["x-csrf-token", "csrf-token", "xsrf-token", "x-xsrf-token"];
/// The parameter a token may come in, of the query or of the body.
pub(super) const PARAMETER: &str = "_csrf";

/// A token for the request's session; an extractor. The session begins with it when there is none, so ask for it only
/// where a page needs it: browsers that tell where a request comes from need none.
///
/// It is good for as long as the session is, and until somebody logs in (`session.renew()`). It comes back as the header
/// `X-CSRF-Token`, or as the parameter `_csrf` of the query, of a form, or of a JSON object.
///
/// # Errors
/// 400 for a socket's request: a token can be spent over a socket, never obtained; 503 while sessions can't be kept.
///
/// ```
/// use regatta::prelude::*;
/// use regatta::security::CsrfToken;
///
/// async fn form(views: Views, token: CsrfToken) -> Result<HttpResponse> {
///     views.render("pages/form", &context! { csrf: token.as_str() })
/// }
/// ```
#[derive(Debug, Clone)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The token as text: letters, digits, `-` and `_`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(req: &HttpRequest) -> Result<Self> {
        if Came::is_virtual(req) {
            return Err(Error::bad_request(
                "a socket can't be given a CSRF token: ask for it over HTTP, or send none, as a socket's page was \
                 checked when it connected",
            ));
        }
        req.extensions_mut().insert(Personal);
        let session = req.get_session();
        let secret = match secret_of(&session) {
            Some(secret) => secret,
            None => {
                let secret = random()?;
                session.insert(KEY, BASE64.encode(secret))?;
                secret
            }
        };
        Ok(Self(mask(&secret, &random()?)))
    }
}

/// An action that gives out a token as `{"_csrf": "…"}`: Sails' `security/grant-csrf-token`.
///
/// ```
/// use regatta::prelude::*;
///
/// fn draw(r: &mut Routes) {
///     r.get("/csrfToken", regatta::security::grant_csrf_token);
/// }
/// # draw(&mut Routes::default());
/// ```
///
/// # Errors
/// As [`CsrfToken`].
pub async fn grant_csrf_token(token: CsrfToken) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({ KEY: token.as_str() }))
}

/// Whether `token` is the session's.
pub(super) fn fits(session: &Session, token: &str) -> bool {
    let Some(secret) = secret_of(session) else { return false };
    let Ok(bytes) = BASE64.decode(token) else { return false };
    if bytes.len() != 2 * LENGTH {
        return false;
    }
    let (mask, masked) = bytes.split_at(LENGTH);
    // Every byte is looked at, whatever the others are.
    let unlike = secret.iter().zip(mask).zip(masked).fold(0, |unlike, ((s, m), x)| unlike | (s ^ m ^ x));
    unlike == 0
}

/// Ends the tokens of a session that somebody logged in to.
pub(super) fn end_with_login(session: &Session) {
    if session.status() == SessionStatus::Renewed {
        session.remove(KEY);
    }
}

/// The token a request has outside its body.
pub(super) fn told(req: &HttpRequest) -> Option<String> {
    let header = HEADERS.iter().find_map(|name| req.headers().get(*name)?.to_str().ok());
    header.map(str::to_owned).or_else(|| of_form(req.query_string()))
}

/// The token in the text of a query or form.
pub(super) fn of_form(text: &str) -> Option<String> {
    // Its letters are never encoded.
    let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == PARAMETER).map(|(_, value)| value.to_owned())
}

fn secret_of(session: &Session) -> Option<[u8; LENGTH]> {
    let text = session.get::<String>(KEY).ok().flatten()?;
    BASE64.decode(text).ok()?.try_into().ok()
}

fn mask(secret: &[u8; LENGTH], mask: &[u8; LENGTH]) -> String {
    let masked = secret.iter().zip(mask).map(|(secret, mask)| secret ^ mask);
    BASE64.encode(mask.iter().copied().chain(masked).collect::<Vec<_>>())
}

fn random() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(bytes)
}

impl FromRequest for CsrfToken {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(req))
    }
}
