//! What a request says, wherever it says it: Sails' `req.allParams()`.

use actix_web::dev::Payload;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value, map};

use crate::{Error, Result, http};

/// The parameters of a request: the query's, and over them the body's.
#[derive(Debug, Default)]
pub(super) struct Params {
    all: Map<String, Value>,
    /// The body, when it is a list.
    list: Option<Vec<Value>>,
}

impl Params {
    /// # Errors
    /// 400 for a query or body that can't be understood, or a body that is neither an object nor a list.
    pub(super) async fn read(req: &HttpRequest, payload: Payload) -> Result<Self> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(req.query_string());
        let pairs =
            pairs.map_err(|error| Error::bad_request(format!("the query can't be understood: {error}")))?;
        let mut all = Map::new();
        for (name, value) in pairs.into_inner() {
            add(&mut all, name, Value::String(value));
        }
        let mut list = None;
        match http::body(req, payload).await? {
            None | Some(Value::Null) => {}
            Some(Value::Object(body)) => all.extend(body),
            Some(Value::Array(body)) => list = Some(body),
            Some(_) => {
                return Err(Error::bad_request("the body must be an object with the record's attributes"));
            }
        }
        Ok(Self { all, list })
    }

    /// Takes a parameter out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.all.shift_remove(name)
    }

    /// Whether there is such a parameter.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// Takes the body out, when it is a list.
    pub(super) fn take_list(&mut self) -> Option<Vec<Value>> {
        self.list.take()
    }

    /// Everything that is left.
    pub(super) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.all)
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
