//! Whether a client wants a page or data.

use actix_web::HttpMessage;
use actix_web::http::header::{self, HeaderMap};

use crate::security::Came;

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
        && !Came::is_virtual(req)
}
