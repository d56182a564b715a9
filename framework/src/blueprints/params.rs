//! What a request says, wherever it says it: Sails' `req.allParams()`.

use actix_web::dev::Payload;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value, map};

use crate::{Error, Result, http};

/// The parameters of a request: the query's, and over them the body's.
#[derive(Debug, Default)]
pub(super) struct Params {
    query: Map<String, Value>,
    body: Map<String, Value>,
}

impl Params {
    /// # Errors
    /// 400 for a query or body that can't be understood, or a body that is no object.
    pub(super) async fn read(req: &HttpRequest, payload: Payload) -> Result<Self> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(req.query_string());
        let pairs = pairs.map_err(|error| Error::bad_request(format!("the query can't be understood: {error}")))?;
        let mut query = Map::new();
        for (name, value) in pairs.into_inner() {
            add(&mut query, name, Value::String(value));
        }
        let body = match http::body(req, payload).await? {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(body)) => body,
            Some(_) => return Err(Error::bad_request("the body must be an object with the record's attributes")),
        };
        Ok(Self { query, body })
    }

    /// Takes a parameter out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let query = self.query.remove(name);
        self.body.remove(name).or(query)
    }

    /// Everything that is left.
    pub(super) fn rest(self) -> Map<String, Value> {
        let mut all = self.query;
        all.extend(self.body);
        all
    }
}

/// A name that comes twice has a list of values.
fn add(query: &mut Map<String, Value>, name: String, value: Value) {
    match query.entry(name) {
        map::Entry::Vacant(entry) => {
            entry.insert(value);
        }
        map::Entry::Occupied(mut entry) => match entry.get_mut() {
            Value::Array(values) => values.push(value),
            first => *first = Value::Array(vec![first.take(), value]),
        },
    }
}
