//! Everything a request says, as Sails' `req.allParams()`: the query, over it the body.

use std::pin::Pin;

use regatta::actix_web::dev::Payload;
use regatta::actix_web::{FromRequest, HttpRequest, web};
use regatta::{Error, Result};
use serde_json::{Map, Value};

/// The parameters of a request by name.
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// A parameter as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A parameter as text, with its value when it is missing.
    pub(super) fn text_or(&self, name: &str, otherwise: &str) -> String {
        self.text(name).unwrap_or_else(|| otherwise.to_owned())
    }

    /// A parameter as it came.
    pub(super) fn value(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or_default()
    }
}

impl FromRequest for Params {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let query = pairs(req.query_string());
        let body = web::Bytes::from_request(req, payload);
        let is_form = req
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        Box::pin(async move {
            let mut all = query?;
            let body = body.await.map_err(|error| Error::bad_request(error.to_string()))?;
            if is_form {
                all.extend(pairs(&String::from_utf8_lossy(&body))?);
            } else if let Ok(Value::Object(body)) = serde_json::from_slice(&body) {
                all.extend(body);
            }
            Ok(Self(all))
        })
    }
}

fn pairs(text: &str) -> Result<Map<String, Value>> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text);
    let pairs = pairs.map_err(|error| Error::bad_request(error.to_string()))?;
    Ok(pairs.into_inner().into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}
