//! `Input<T>`: what a client sent, as JSON or as a form.

mod loose;
mod probe;
mod problem;
mod standin;
mod valid;

use std::future::{Future, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::Either;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Bounds;
use crate::{Error, Result};
use probe::{form, problems};
use problem::{Problem, refuse};
pub use valid::{Rules, Valid};

/// The inputs of an action: the body as JSON or form, or the query of a GET.
///
/// # Errors
/// 400 that names all fields that are missing or malformed (`errors: { field: [{ rule, expected, message }] }`), 413 for a body over `http.body_limit`, 415 for another type.
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
        let sent = sent(req, payload);
        Box::pin(async move { sent.await?.made().map(Self).map_err(|problems| refuse(&problems)) })
    }
}

/// What a client sent, as JSON whatever its form was; nothing when there was no body.
pub(crate) async fn value(req: &HttpRequest, mut payload: Payload) -> Result<Option<Value>> {
    let sent = body(req, &mut payload).await?;
    if sent.bytes.is_empty() { Ok(None) } else { sent.made().map(Some).map_err(|problems| refuse(&problems)) }
}

/// What an event of a socket came with: there is nothing to wait for.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    /// All of them, as a JSON list.
    pub(crate) list: web::Bytes,
    /// What stands for a body: the only one, or the list.
    pub(crate) body: web::Bytes,
}

/// What a client sent, and how it is to be read.
struct Sent {
    kind: Kind,
    bytes: web::Bytes,
}

enum Kind {
    Json,
    /// Pairs of names and text, in a body or behind an address.
    Form,
}

/// The inputs of a request: the arguments of an event, the query of a GET, the body of any other.
fn sent(req: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Sent>> + use<> {
    if let Some(Arguments { body, .. }) = req.extensions().get() {
        let flat = Bounds::of(req).check_json(body);
        return Either::Left(ready(flat.map(|()| Sent { kind: Kind::Json, bytes: body.clone() })));
    }
    if matches!(*req.method(), Method::GET | Method::HEAD) {
        let bytes = web::Bytes::copy_from_slice(req.query_string().as_bytes());
        let few = Bounds::of(req).check_parameters(&bytes);
        return Either::Left(ready(few.map(|()| Sent { kind: Kind::Form, bytes })));
    }
    Either::Right(body(req, payload))
}

fn body(req: &HttpRequest, payload: &mut Payload) -> impl Future<Output = Result<Sent>> + use<> {
    let kind = req.content_type().to_owned();
    let bytes = web::Bytes::from_request(req, payload);
    let bounds = Bounds::of(req);
    async move {
        let kind = match kind.as_str() {
            "application/x-www-form-urlencoded" => Kind::Form,
            "application/json" | "" => Kind::Json,
            other => {
                let message = format!("`{other}` is not understood here: send application/json or a form");
                return Err(Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "E_CONTENT_TYPE", message));
            }
        };
        let bytes = bytes.await.map_err(unreadable)?;
        match kind {
            Kind::Form => bounds.check_parameters(&bytes)?,
            Kind::Json => bounds.check_json(&bytes)?,
        }
        Ok(Sent { kind, bytes })
    }
}

impl Sent {
    fn is_form(&self) -> bool {
        matches!(self.kind, Kind::Form)
    }

    /// The fields by their names; nothing when it is something else.
    fn fields(&self) -> Option<Map<String, Value>> {
        match self.kind {
            Kind::Form => Some(form(&String::from_utf8_lossy(&self.bytes))),
            Kind::Json => serde_json::from_slice(&self.bytes).ok(),
        }
    }

    /// The inputs as a `T`, or all that is wrong with them.
    fn made<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        let made = match self.kind {
            Kind::Form => {
                let form = web::Query::<T>::from_query(&String::from_utf8_lossy(&self.bytes));
                form.map(web::Query::into_inner).map_err(|error| error.to_string())
            }
            Kind::Json => serde_json::from_slice(&self.bytes).map_err(|error| error.to_string()),
        };
        made.map_err(|reason| {
            let problems = self.fields().map_or_else(Vec::new, |given| problems::<T>(&given, self.is_form()));
            if problems.is_empty() { vec![Problem::of_all(&reason)] } else { problems }
        })
    }
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

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
