//! Requests that change something must come from the app's own pages.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site` on secure origins, `Origin` on every request
//! that is no GET. A page of another site can forge neither. What carries neither is no browser's request,
//! and passes unless it brings a session along.

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpMessage, HttpRequest};

use super::{Origins, Virtual};
use crate::{Error, Result};

/// The check of one app.
#[derive(Debug, Clone)]
pub(crate) struct Csrf {
    pub(crate) enabled: bool,
    pub(crate) origins: Origins,
    /// A request without a word about its origin is refused when it brings this cookie.
    pub(crate) session_cookie: String,
}

/// Whether the method only reads (RFC 9110, section 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

impl Csrf {
    /// # Errors
    /// 403 `E_CSRF` for a request that another site's page may have caused.
    pub(crate) fn check(&self, req: &ServiceRequest) -> Result<()> {
        if is_safe(req.method()) { Ok(()) } else { self.check_change(req.request()) }
    }

    /// The same for a request that changes something although its method says it does not.
    ///
    /// # Errors
    /// As [`Csrf::check`].
    pub(crate) fn check_change(&self, req: &HttpRequest) -> Result<()> {
        if !self.enabled || req.extensions().contains::<Virtual>() {
            return Ok(());
        }
        let text = |name: &str| req.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
        let origin = text("origin");
        let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let known = || origin.is_some_and(|origin| self.origins.knows(origin, host));
        let passes = match (text("sec-fetch-site"), origin) {
            (Some("same-origin" | "none"), _) => true,
            (Some(_), _) | (None, Some(_)) => known(),
            (None, None) => req.cookie(&self.session_cookie).is_none(),
        };
        if passes {
            return Ok(());
        }
        Err(Error::new(
            StatusCode::FORBIDDEN,
            "E_CSRF",
            "this request comes from another site: send it from the app's own pages, or add the site to \
             trusted_origins in config/security.toml; a program sends `Origin` with the app's address",
        ))
    }
}
