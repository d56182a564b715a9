//! Going on behind a record: pages that neither skip nor repeat a record when others come or go between them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::coerce::coerce;
use super::criteria::{Criteria, Sort};
use super::filter::{Filter, Test};
use super::where_json::refuse;
use super::{Record, Schema, Value};
use crate::Result;

/// The longest cursor that is read, in bytes.
const LONGEST: usize = 8_192;

/// The place of a record in the order of a query: its values of what is sorted by, the primary key last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cursor(Vec<Value>);

impl Cursor {
    /// The place of `record` in the order of `criteria`.
    pub(crate) fn of(record: &Record, criteria: &Criteria) -> Self {
        let order = order(record.schema(), &criteria.sort);
        Self(order.iter().map(|sort| record.at(sort.attribute).clone()).collect())
    }

    /// Reads what [`Cursor::text`] wrote.
    ///
    /// # Errors
    /// 400 `E_INVALID_CRITERIA` when it is no cursor of a query with this order.
    pub(crate) fn read(schema: &Schema, sort: &[Sort], text: &str) -> Result<Self> {
        let order = order(schema, sort);
        let values = (text.len() <= LONGEST)
            .then(|| URL_SAFE_NO_PAD.decode(text).ok())
            .flatten()
            .and_then(|bytes| serde_json::from_slice::<Vec<Json>>(&bytes).ok())
            .filter(|values| values.len() == order.len());
        let values = values.and_then(|values| {
            let value = |(json, sort): (&Json, &Sort)| match json {
                Json::Null => Some(Value::Null),
                json => coerce(schema.attribute_at(sort.attribute).kind(), json),
            };
            values.iter().zip(&order).map(value).collect()
        });
        values.map(Self).ok_or_else(|| {
            refuse(
                "after",
                "It is no cursor of this list: take it from the `Link` header, with the same `sort`.",
            )
        })
    }

    /// The cursor as clients hand it back.
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.0).unwrap_or_default())
    }

    /// The records behind it.
    pub(crate) fn filter(&self, schema: &Schema, sort: &[Sort]) -> Filter {
        let order = order(schema, sort);
        let mut branches = Vec::with_capacity(order.len());
        for (place, (sort, value)) in order.iter().zip(&self.0).enumerate() {
            let Some(behind) = behind(*sort, value) else { continue };
            let alike = order.iter().zip(&self.0).take(place);
            let alike = alike.map(|(sort, value)| Filter::Compare {
                attribute: sort.attribute,
                test: Test::Equal(value.clone()),
            });
            branches.push(Filter::All(alike.chain([behind]).collect()));
        }
        Filter::Any(branches)
    }
}

/// What is sorted by, the primary key last: it tells records apart that are alike.
pub(super) fn order(schema: &Schema, sort: &[Sort]) -> Vec<Sort> {
    let key = schema.primary_key_index();
    let mut order = sort.to_vec();
    if !order.iter().any(|sort| sort.attribute == key) {
        order.push(Sort { attribute: key, descending: false });
    }
    order
}

/// What comes behind `value`, where null is less than everything.
fn behind(sort: Sort, value: &Value) -> Option<Filter> {
    let compare = |test| Filter::Compare { attribute: sort.attribute, test };
    match (value.is_null(), sort.descending) {
        (true, true) => None,
        (true, false) => Some(compare(Test::NotEqual(Value::Null))),
        (false, false) => Some(compare(Test::Greater(value.clone()))),
        (false, true) => {
            Some(Filter::Any(vec![compare(Test::Less(value.clone())), compare(Test::Equal(Value::Null))]))
        }
    }
}
