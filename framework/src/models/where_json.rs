//! The `where` language of Sails, as a client's JSON.
//! See <https://sailsjs.com/documentation/concepts/models-and-orm/query-language>.

use serde_json::{Map, Value as Json};

use super::coerce::coerce;
use super::filter::{self, Filter, Test};
use super::input::invalid;
use super::{Attribute, Schema, Value};
use crate::config::BlueprintsConfig;
use crate::{Error, Result};

/// How much one `where` may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How deep `and` and `or` may be nested.
    pub depth: usize,
    /// How many comparisons there may be.
    pub conditions: usize,
    /// How many values a list may have.
    pub list: usize,
}

impl From<&BlueprintsConfig> for Bounds {
    fn from(config: &BlueprintsConfig) -> Self {
        Self { depth: config.max_depth, conditions: config.max_conditions, list: config.max_list }
    }
}

impl Filter {
    /// Reads a client's `where`: `{"age": {">=": 18}, "or": [{"name": "bo"}, {"name": {"startsWith": "c"}}]}`.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` that names the attribute: unknown, private, wrong operator or value, or more
    /// than `bounds` allow.
    pub fn from_json(schema: &Schema, json: &Json, bounds: &Bounds) -> Result<Self> {
        let mut reader = Reader { schema, bounds, conditions: 0 };
        reader.read(json, 0)
    }
}

/// The criteria a client can't use; `part` is `where`, `sort` and so on.
pub(crate) fn refuse(part: &str, why: &str) -> Error {
    invalid("E_INVALID_CRITERIA", &format!("Could not use the provided `{part}` clause.  {why}"))
}

struct Reader<'a> {
    schema: &'a Schema,
    bounds: &'a Bounds,
    conditions: usize,
}

impl Reader<'_> {
    fn read(&mut self, json: &Json, depth: usize) -> Result<Filter> {
        let Json::Object(clauses) = json else {
            return Err(refuse("where", "It must be an object such as {\"name\": \"bo\"}."));
        };
        if depth > self.bounds.depth {
            let most = self.bounds.depth;
            return Err(refuse("where", &format!("`and` and `or` are nested deeper than {most}.")));
        }
        let mut all = Vec::with_capacity(clauses.len());
        for (name, clause) in clauses {
            match name.as_str() {
                "and" => all.push(Filter::All(self.branches(name, clause, depth)?)),
                "or" => all.push(Filter::Any(self.branches(name, clause, depth)?)),
                _ => all.push(self.compare(name, clause)?),
            }
        }
        Ok(match <[Filter; 1]>::try_from(all) {
            Ok([only]) => only,
            Err(all) => Filter::All(all),
        })
    }

    fn branches(&mut self, name: &str, clause: &Json, depth: usize) -> Result<Vec<Filter>> {
        let Json::Array(branches) = clause else {
            return Err(refuse("where", &format!("`{name}` takes a list of objects.")));
        };
        branches.iter().map(|branch| self.read(branch, depth + 1)).collect()
    }

    fn compare(&mut self, name: &str, clause: &Json) -> Result<Filter> {
        let Some((index, attribute)) = self.schema.public(name).filter(|(_, a)| a.is_filterable()) else {
            let why =
                format!("Could not filter by `{name}`: `{}` has no such attribute.", self.schema.identity());
            return Err(refuse("where", &why));
        };
        let tests = match clause {
            Json::Object(operators) => self.operators(attribute, operators)?,
            Json::Array(list) => vec![Test::In(self.list(attribute, list)?)],
            value => vec![Test::Equal(self.value(attribute, value)?)],
        };
        let mut all = Vec::with_capacity(tests.len());
        for test in tests {
            self.conditions += 1;
            if self.conditions > self.bounds.conditions {
                let most = self.bounds.conditions;
                return Err(refuse("where", &format!("It has more than {most} comparisons.")));
            }
            filter::fits(self.schema, index, &test).map_err(|error| refuse("where", error.message()))?;
            all.push(Filter::Compare { attribute: index, test });
        }
        Ok(match <[Filter; 1]>::try_from(all) {
            Ok([only]) => only,
            Err(all) => Filter::All(all),
        })
    }

    fn operators(&self, attribute: &Attribute, operators: &Map<String, Json>) -> Result<Vec<Test>> {
        if operators.is_empty() {
            return Err(refuse("where", &format!("`{}` is compared with nothing.", attribute.name())));
        }
        operators.iter().map(|(operator, operand)| self.operator(attribute, operator, operand)).collect()
    }

    fn operator(&self, attribute: &Attribute, operator: &str, operand: &Json) -> Result<Test> {
        Ok(match (operator, operand) {
            ("in", Json::Array(list)) => Test::In(self.list(attribute, list)?),
            ("nin" | "!=", Json::Array(list)) => Test::NotIn(self.list(attribute, list)?),
            ("!=", value) => Test::NotEqual(self.value(attribute, value)?),
            ("<", value) => Test::Less(self.bound(attribute, operator, value)?),
            ("<=", value) => Test::LessOrEqual(self.bound(attribute, operator, value)?),
            (">", value) => Test::Greater(self.bound(attribute, operator, value)?),
            (">=", value) => Test::GreaterOrEqual(self.bound(attribute, operator, value)?),
            ("contains", value) => Test::Contains(self.text(attribute, operator, value)?),
            ("startsWith", value) => Test::StartsWith(self.text(attribute, operator, value)?),
            ("endsWith", value) => Test::EndsWith(self.text(attribute, operator, value)?),
            ("like", value) => Test::Like(self.text(attribute, operator, value)?),
            _ => {
                let known = "in, nin, !=, <, <=, >, >=, contains, startsWith, endsWith, like";
                let name = attribute.name();
                let why = format!("Could not filter by `{name}`: use {known} with a fitting value.");
                return Err(refuse("where", &why));
            }
        })
    }

    fn value(&self, attribute: &Attribute, json: &Json) -> Result<Value> {
        if json.is_null() {
            return Ok(Value::Null);
        }
        coerce(attribute.kind(), json).ok_or_else(|| {
            let why = format!("Could not filter by `{}`: it is a {}.", attribute.name(), attribute.kind());
            refuse("where", &why)
        })
    }

    /// Nothing is less or greater than null.
    fn bound(&self, attribute: &Attribute, operator: &str, json: &Json) -> Result<Value> {
        if json.is_null() {
            let why = format!("Could not filter by `{}`: `{operator}` takes no null.", attribute.name());
            return Err(refuse("where", &why));
        }
        self.value(attribute, json)
    }

    fn text(&self, attribute: &Attribute, operator: &str, json: &Json) -> Result<String> {
        match coerce(super::Kind::Text, json) {
            Some(Value::Text(text)) => Ok(text),
            _ => {
                let why = format!("Could not filter by `{}`: `{operator}` takes a string.", attribute.name());
                Err(refuse("where", &why))
            }
        }
    }

    fn list(&self, attribute: &Attribute, list: &[Json]) -> Result<Vec<Value>> {
        if list.len() > self.bounds.list {
            let most = self.bounds.list;
            let why = format!("The list for `{}` has more than {most} values.", attribute.name());
            return Err(refuse("where", &why));
        }
        list.iter().map(|json| self.value(attribute, json)).collect()
    }
}
