//! Which pages of other sites may read answers: CORS, as <https://fetch.spec.whatwg.org/#http-cors-protocol> has it.

use std::time::Duration;

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use super::Origins;
use super::origins::normal;
use crate::config::Config;
use crate::{Error, Result};

/// Which pages of other sites may read a route's answers. Without it none may: browsers hide the answer from them.
///
/// A page it names may also send the route's changes: with the user's session when [`Cors::credentials`] is set, else
/// only without one. See Sails' route option `cors`
/// (<https://sailsjs.com/documentation/concepts/security/cors>).
///
/// ```
/// use regatta::prelude::*;
/// use regatta::security::Cors;
///
/// async fn prices() -> &'static str { "[]" }
///
/// fn draw(r: &mut Routes) {
///     r.get("/prices", prices).cors(Cors::any());
///     r.get("/orders", prices).cors(Cors::origins(["https://shop.example.com"]).credentials());
/// }
/// # draw(&mut Routes::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    who: Who,
    credentials: bool,
    headers: Vec<String>,
    exposed: Vec<String>,
    max_age: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    Nobody,
    Any,
    Listed,
    These(Vec<String>),
}

impl Cors {
    fn new(who: Who) -> Self {
        Self {
            who,
            credentials: false,
            headers: vec!["content-type".to_owned(), "x-csrf-token".to_owned()],
            exposed: Vec::new(),
            max_age: Duration::from_secs(600),
        }
    }

    /// Pages of `allowed_origins` in `config/security.toml`.
    pub fn listed() -> Self {
        Self::new(Who::Listed)
    }

    /// Every page there is, without the user's cookies: for public data.
    pub fn any() -> Self {
        Self::new(Who::Any)
    }

    /// Pages of these origins, each as `https://host` or `https://host:port`.
    pub fn origins<O: AsRef<str>>(origins: impl IntoIterator<Item = O>) -> Self {
        Self::new(Who::These(origins.into_iter().map(|origin| normal(origin.as_ref())).collect()))
    }

    /// No page of another site, whatever `cors` in `config/security.toml` says.
    pub fn off() -> Self {
        Self::new(Who::Nobody)
    }

    /// Requests may carry the user's cookies. The app refuses to start when every page may ask.
    pub fn credentials(mut self) -> Self {
        self.credentials = true;
        self
    }

    /// The request headers pages may set besides those every page may; `content-type` and `x-csrf-token` unless said.
    pub fn headers<H: Into<String>>(mut self, names: impl IntoIterator<Item = H>) -> Self {
        self.headers = names.into_iter().map(Into::into).collect();
        self
    }

    /// The answer headers pages may read besides those every page may; none unless said.
    pub fn expose<H: Into<String>>(mut self, names: impl IntoIterator<Item = H>) -> Self {
        self.exposed = names.into_iter().map(Into::into).collect();
        self
    }

    /// How long browsers may remember the answer to their question beforehand; 10 minutes unless said, in whole seconds.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// What `config/security.toml` says of every route.
    pub(super) fn of_all(config: &Config) -> Option<Self> {
        let all = &config.security;
        all.cors.then(|| Self {
            who: Who::Listed,
            credentials: all.cors_credentials,
            headers: all.cors_headers.clone(),
            exposed: all.cors_exposed_headers.clone(),
            max_age: all.cors_max_age.get(),
        })
    }

    /// # Errors
    /// When every page could ask with the user's cookies, or a header's name is none. `place` says where it stands.
    pub(super) fn review(&self, place: &str, origins: &Origins) -> Result<()> {
        if self.credentials && self.is_for_all(origins) {
            return Err(Error::internal(format!(
                "{place} lets every site read answers with your users' cookies (`*` with credentials): name the origins, \
                 or leave the credentials out"
            )));
        }
        if let Who::These(listed) = &self.who
            && let Some(wrong) = listed.iter().find(|origin| !origin.contains("://"))
        {
            return Err(Error::internal(format!(
                "{place} has the origin `{wrong}`: write it as https://host or https://host:port; every origin is Cors::any()"
            )));
        }
        let names = self.headers.iter().chain(&self.exposed);
        match names.into_iter().find(|name| HeaderName::from_bytes(name.as_bytes()).is_err()) {
            None => Ok(()),
            Some(name) => Err(Error::internal(format!("{place} has `{name}`, which is no header's name"))),
        }
    }

    fn is_for_all(&self, origins: &Origins) -> bool {
        match &self.who {
            Who::Any => true,
            Who::Listed => origins.any_may_read(),
            Who::Nobody | Who::These(_) => false,
        }
    }

    /// Whether a page of `origin` may read answers.
    pub(super) fn names(&self, origin: &str, origins: &Origins) -> bool {
        match &self.who {
            Who::Nobody => false,
            Who::Any => true,
            Who::Listed => origins.any_may_read() || origins.lists(origin),
            Who::These(these) => these.contains(&normal(origin)),
        }
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials
    }

    /// What the answer to `req` says.
    pub(super) fn tell(&self, req: &HttpRequest, origins: &Origins, headers: &mut HeaderMap) {
        if self.who == Who::Nobody {
            return;
        }
        if !self.is_for_all(origins) {
            vary(headers, "Origin");
        }
        let Some(origin) = self.origin(req, origins) else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(exposed) = list(&self.exposed) {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }

    /// The origin the answer names.
    fn origin(&self, req: &HttpRequest, origins: &Origins) -> Option<HeaderValue> {
        let given = req.headers().get(header::ORIGIN)?;
        if !given.to_str().is_ok_and(|origin| self.names(origin, origins)) {
            return None;
        }
        Some(if self.is_for_all(origins) { HeaderValue::from_static("*") } else { given.clone() })
    }

    /// Answers a browser that asks whether it may send `method`.
    pub(super) fn preflight(&self, req: &HttpRequest, method: &Method, origins: &Origins) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
        let headers = response.headers_mut();
        for name in ["Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"] {
            vary(headers, name);
        }
        let Some(origin) = self.origin(req, origins) else { return response };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Ok(method) = HeaderValue::from_str(method.as_str()) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
        }
        if let Some(names) = list(&self.headers) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(self.max_age.as_secs()));
        response
    }
}

fn list(names: &[String]) -> Option<HeaderValue> {
    if names.is_empty() { None } else { HeaderValue::from_str(&names.join(", ")).ok() }
}

/// Says that the answer depends on a header of the request.
fn vary(headers: &mut HeaderMap, name: &'static str) {
    let said = |value: &HeaderValue| {
        value.to_str().is_ok_and(|list| list.split(',').any(|item| item.trim().eq_ignore_ascii_case(name)))
    };
    if !headers.get_all(header::VARY).any(said) {
        headers.append(header::VARY, HeaderValue::from_static(name));
    }
}
