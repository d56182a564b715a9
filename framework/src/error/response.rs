//! The HTTP answer of an [`Error`].

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value};

use super::Error;

/// Whether answers leave out what only developers should see. Set once, before the first request.
static PRODUCTION: AtomicBool = AtomicBool::new(false);

pub(crate) fn set_production(production: bool) {
    PRODUCTION.store(production, Ordering::Relaxed);
}

pub(crate) fn is_production() -> bool {
    PRODUCTION.load(Ordering::Relaxed)
}

/// What the body of an error answer says, before it is rendered as JSON, HTML or text.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) status: StatusCode,
    pub(crate) json: Map<String, Value>,
}

impl Body {
    pub(crate) fn of(error: &Error) -> Self {
        let hidden = error.status().is_server_error() && is_production();
        let mut json = Map::new();
        json.insert("code".to_owned(), error.code().into());
        let message = match (hidden, error.status().canonical_reason()) {
            (true, Some(reason)) => reason.to_owned(),
            _ => error.message().to_owned(),
        };
        let mut extra = if hidden { Map::new() } else { error.extra().clone() };
        // Sails' order: what is wrong comes before what to do about it.
        if let Some(details) = extra.shift_remove("details") {
            json.insert("details".to_owned(), details);
        }
        json.insert("message".to_owned(), message.into());
        json.extend(extra);
        Self { status: error.status(), json }
    }

    pub(crate) fn message(&self) -> &str {
        self.json.get("message").and_then(Value::as_str).unwrap_or_default()
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if let Some(after) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, after.as_secs().max(1)));
        }
        let body = Body::of(self);
        let mut response = if self.code() == "E_NOT_FOUND" {
            response.content_type("text/plain; charset=utf-8").body("Not Found")
        } else {
            response.json(&body.json)
        };
        response.extensions_mut().insert(body);
        response
    }
}
