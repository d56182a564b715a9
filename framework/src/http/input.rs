//! `Input<T>`: what a client sent, as JSON or as a form.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Bounds;
use crate::{Error, Result};

/// The inputs of an action: the body as JSON or form, or the query of a GET.
///
/// # Errors
/// 400 that names what is missing or malformed, 413 for a body over `http.body_limit`, 415 for another type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input<T>(pub T);

impl<T> Input<T> {
    /// The inputs.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Input<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Input<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if matches!(*req.method(), Method::GET | Method::HEAD) {
            let few = Bounds::of(req).check_parameters(req.query_string().as_bytes());
            let query = web::Query::<T>::from_query(req.query_string());
            return Box::pin(async move {
                few.and(query.map(|query| Self(query.into_inner())).map_err(malformed))
            });
        }
        let body = read(req, payload);
        Box::pin(async move { body.await?.parse().map(Self) })
    }
}

/// What a client sent, as JSON whatever its form was; nothing when there was no body.
pub(crate) async fn value(req: &HttpRequest, mut payload: Payload) -> Result<Option<Value>> {
    let body = read(req, &mut payload).await?;
    if body.bytes.is_empty() { Ok(None) } else { body.parse().map(Some) }
}

/// A body with its type.
struct Body {
    kind: String,
    bytes: web::Bytes,
}

fn read(req: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Body>> + 'static {
    let kind = req.content_type().to_owned();
    let bytes = web::Bytes::from_request(req, payload);
    let bounds = Bounds::of(req);
    async move {
        let bytes = bytes.await.map_err(unreadable)?;
        match kind.as_str() {
            "application/x-www-form-urlencoded" => bounds.check_parameters(&bytes)?,
            _ => bounds.check_json(&bytes)?,
        }
        Ok(Body { kind, bytes })
    }
}

impl Body {
    fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        match self.kind.as_str() {
            "application/x-www-form-urlencoded" => {
                let form = web::Query::<T>::from_query(&String::from_utf8_lossy(&self.bytes));
                form.map(web::Query::into_inner).map_err(malformed)
            }
            "application/json" | "" => serde_json::from_slice(&self.bytes).map_err(malformed),
            other => Err(Error::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "E_CONTENT_TYPE",
                format!("`{other}` is not understood here: send application/json or a form"),
            )),
        }
    }
}

fn malformed(error: impl std::fmt::Display) -> Error {
    Error::new(
        StatusCode::BAD_REQUEST,
        "E_MISSING_OR_INVALID_PARAMS",
        format!("the inputs can't be understood: {error}"),
    )
}

fn unreadable(error: actix_web::Error) -> Error {
    let status = error.as_response_error().status_code();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Error::new(
            status,
            "E_BODY_TOO_LARGE",
            "the body is larger than body_limit in config/http.toml allows: send less, or raise the limit",
        );
    }
    Error::bad_request("the body could not be read: send it whole")
}
