//! `Answer`: JSON or a page, as the client asks.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};

use super::errors::status_view;
use super::wants_html;
use crate::error::is_production;
use crate::views::{Context, Views};
use crate::{Error, Result};

/// What decides between JSON and a page.
const ACCEPT: HeaderValue = HeaderValue::from_static("accept");

/// Answers as Sails' `res.ok()` and its siblings: JSON for programs, a page for browsers; an extractor.
///
/// The page is the view that was named, else `views/<status>.html`; without either browsers get JSON too, or for an error
/// the framework's own page. In a view the keys of the data are variables, and all of it is `data`.
///
/// ```
/// use regatta::http::Answer;
/// use regatta::prelude::*;
///
/// async fn show(answer: Answer, id: Path<u32>) -> Result<HttpResponse> {
///     match *id {
///         1 => answer.view("people/show").ok(&json!({ "name": "Ada" })),
///         2 => answer.forbidden(&json!({ "reason": "she is asleep" })),
///         _ => answer.not_found(),
///     }
/// }
/// # let mut routes = Routes::default(); routes.get("/person/{id}", show);
/// ```
///
/// See <https://sailsjs.com/documentation/concepts/custom-responses/default-responses>.
///
/// # Errors
/// 500 when the data is no JSON or the view fails; [`Answer::not_found`] is an error itself.
#[derive(Debug)]
pub struct Answer {
    html: bool,
    views: Option<Views>,
    view: Option<String>,
}

macro_rules! statuses {
    ($($name:ident $status:ident $what:literal),+ $(,)?) => {$(
        #[doc = $what]
        ///
        /// # Errors
        /// 500 when the data is no JSON or the view fails.
        pub fn $name(self, data: &(impl Serialize + ?Sized)) -> Result<HttpResponse> {
            self.with(StatusCode::$status, data)
        }
    )+};
}

impl Answer {
    /// Browsers get this view.
    pub fn view(mut self, name: impl Into<String>) -> Self {
        self.view = Some(name.into());
        self
    }

    statuses! {
        ok OK "200 with the data.",
        created CREATED "201 with what was made.",
        bad_request BAD_REQUEST "400 with what is wrong.",
        unauthorized UNAUTHORIZED "401: nobody is logged in.",
        forbidden FORBIDDEN "403: whoever asks may not do this.",
        server_error INTERNAL_SERVER_ERROR "500. In production the data goes to the log and not to the client.",
    }

    /// 404, as every address without a route answers.
    ///
    /// # Errors
    /// Always: the error is the answer.
    pub fn not_found(self) -> Result<HttpResponse> {
        Err(Error::not_found())
    }

    /// Any status with data.
    ///
    /// # Errors
    /// 500 when the data is no JSON or the view fails.
    pub fn with(self, status: StatusCode, data: &(impl Serialize + ?Sized)) -> Result<HttpResponse> {
        let mut data = serde_json::to_value(data)?;
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), %data, "request failed");
            if is_production() {
                data = json!({ "code": "E_INTERNAL", "message": status.canonical_reason() });
            }
        }
        let mut response = HttpResponse::build(status);
        response.insert_header((header::VARY, ACCEPT));
        let Some(views) = self.views.filter(|_| self.html) else { return Ok(response.json(data)) };
        let own = || status_view(&views, status).filter(|_| self.view.is_none());
        let Some(view) = self.view.clone().or_else(own) else {
            if status.is_client_error() || status.is_server_error() {
                let message = data.get("message").or(data.get("reason")).and_then(Value::as_str);
                let message = message.or(status.canonical_reason()).unwrap_or_default().to_owned();
                return Err(Error::new(status, "E_ANSWER", message).with("data", data));
            }
            return Ok(response.json(data));
        };
        let mut page = views.render(&view, &variables(&data, status))?;
        *page.status_mut() = status;
        page.headers_mut().insert(header::VARY, ACCEPT);
        Ok(page)
    }
}

fn variables(data: &Value, status: StatusCode) -> Context {
    let mut context = Context::new();
    context.insert("status", &status.as_u16());
    context.insert("title", status.canonical_reason().unwrap_or_default());
    context.insert("message", status.canonical_reason().unwrap_or_default());
    for (name, value) in data.as_object().into_iter().flatten() {
        context.insert(name.clone(), value);
    }
    context.insert("data", data);
    context
}

impl FromRequest for Answer {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self { html: wants_html(req), views: req.app_data::<Views>().cloned(), view: None }))
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
