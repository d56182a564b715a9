//! The session cookie for pages on other origins.
//!
//! A browser's WebSocket brings the cookies it has and can't be given one. So a page of another origin loads a script
//! from here first, as `sails.io.js` does by itself, and then connects.
//! See <https://sailsjs.com/documentation/reference/configuration/sails-config-sockets>, `grant3rdPartyCookie`.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};

use super::engine;
use crate::security::Origins;
use crate::sessions;

/// Where the script is; `sails.io.js` knows the place.
pub(crate) const COOKIE_PATH: &str = "/__getcookie";

/// What `sails.io.js` waits for.
const SCRIPT: &str = "_sailsIoJSConnect();";

/// Serves the script, with a session's cookie for a browser that has none.
pub(crate) async fn grant_cookie(req: HttpRequest) -> HttpResponse {
    sessions::start(&req);
    let mut response = HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/javascript"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(SCRIPT);
    if let Some(origins) = req.app_data::<Origins>() {
        engine::share(&req, origins, response.headers_mut());
    }
    response
}
