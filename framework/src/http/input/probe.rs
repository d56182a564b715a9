//! Everything that keeps inputs from becoming a type, not only the first thing.
//!
//! serde stops at the first mistake. So a type is made again and again, each time with a stand-in for what was wrong or
//! missing so far, until nothing new is found. That happens after a mistake only, and at most once for each field.

use std::cell::RefCell;
use std::fmt::Display;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor, value::StrDeserializer,
};
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::{loose::Loose, standin::StandIn};

/// The most fields that are told of.
const FIELDS: usize = 100;

/// Why a type could not be made.
#[derive(Debug)]
pub(super) enum Fault {
    Missing(&'static str),
    Other(String),
}

/// All that is wrong with `given` as a `T`; text stands for numbers and truth in a form.
pub(super) fn problems<T: DeserializeOwned>(given: &Map<String, Value>, is_form: bool) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    while found.len() < FIELDS {
        let wrong = RefCell::new(None);
        let fault = match T::deserialize(Probe { given, found: &found, wrong: &wrong, is_form }) {
            Ok(_) => break,
            Err(fault) => fault,
        };
        let problem = match (wrong.into_inner(), fault) {
            (Some(field), fault) => Problem::of_type(field, &fault.to_string()),
            (None, Fault::Missing(field)) => Problem::missing(field.to_owned()),
            (None, Fault::Other(message)) => Problem::of_all(&message),
        };
        let is_new = !problem.field.is_empty() && found.iter().all(|known| known.field != problem.field);
        if is_new || found.is_empty() {
            found.push(problem);
        }
        // Nothing can stand in for it: what comes after stays unknown.
        if !is_new {
            break;
        }
    }
    found
}

/// A map of fields, with a stand-in for each that is known to be wrong.
#[derive(Clone, Copy)]
struct Probe<'a> {
    given: &'a Map<String, Value>,
    found: &'a [Problem],
    /// The field that turned out wrong.
    wrong: &'a RefCell<Option<String>>,
    is_form: bool,
}

impl<'de> de::Deserializer<'de> for Probe<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let is_good = |name: &&String| self.found.iter().all(|problem| problem.field != **name);
        let good = self.given.keys().filter(is_good).cloned();
        // Those with stand-ins last: a type for which there is none hides what comes after it.
        let fields: Vec<_> = good.chain(self.found.iter().map(|problem| problem.field.clone())).collect();
        visitor.visit_map(Fields { probe: self, fields: fields.into_iter(), current: String::new() })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Fields<'a> {
    probe: Probe<'a>,
    fields: std::vec::IntoIter<String>,
    current: String,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        let key: StrDeserializer<'_, Fault> = field.as_str().into_deserializer();
        let key = seed.deserialize(key)?;
        self.current = field;
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        if self.probe.found.iter().any(|problem| problem.field == self.current) {
            return seed.deserialize(StandIn);
        }
        let value = self.probe.given.get(&self.current).unwrap_or(&Value::Null);
        let made = match value.as_str() {
            Some(text) if self.probe.is_form => seed.deserialize(Loose(text)),
            _ => seed.deserialize(value.clone()).map_err(|error| Fault::Other(error.to_string())),
        };
        made.map_err(|fault| {
            *self.probe.wrong.borrow_mut() = Some(self.current.clone());
            Fault::Other(fault.to_string())
        })
    }
}

/// A form's fields; of several with the same name the last.
pub(super) fn form(text: &str) -> Map<String, Value> {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(text);
    let pairs = pairs.map(actix_web::web::Query::into_inner).unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name, json!(value))).collect()
}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(field) => write!(f, "missing field `{field}`"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}
