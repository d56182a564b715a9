//! The text of the statements an app makes most: reads of all records or of those with one value, in some order, and
//! inserts of one record.
//!
//! Such a statement's text depends on its shape alone and its values are few, so that the text is written once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sea_query::{Value as Parameter, Values};

use super::bounded;
use crate::db::Engine;
use crate::models::criteria::{Criteria, Sort};
use crate::models::filter::{Filter, Test};
use crate::models::input::Assignments;
use crate::models::{Kind, Schema, Value};

/// Shapes whose text is kept for a model; clients choose what they sort by.
const MAX: usize = 64;

/// What the text of a statement depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::models) struct Shape {
    engine: Engine,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    Read {
        /// The attribute that has one value.
        equal: Option<usize>,
        sort: Vec<Sort>,
        is_limited: bool,
        is_skipped: bool,
        select: Option<Arc<[usize]>>,
    },
    /// The attributes that are given.
    Insert(Box<[usize]>),
}

impl Shape {
    /// The shape of an insert of one record; [`parameters`] are its values.
    pub(in crate::models) fn of_insert(engine: Engine, row: &Assignments) -> Self {
        Self { engine, what: What::Insert(row.iter().map(|(place, _)| *place).collect()) }
    }

    /// The shape of a read with its values, if it is one of those.
    pub(in crate::models) fn of_read(
        engine: Engine,
        schema: &Schema,
        criteria: &Criteria,
    ) -> Option<(Self, Values)> {
        if schema.scope().is_some() && !criteria.unscoped {
            return None;
        }
        let equal = match &criteria.filter {
            Filter::All(all) => match all.as_slice() {
                [] => None,
                [only] => Some(equality(only)?),
                _ => return None,
            },
            one => Some(equality(one)?),
        };
        // A decimal with too many places is compared as another value; nothing is skipped without a limit everywhere.
        let is_plain = |place: usize| !matches!(schema.attribute_at(place).kind(), Kind::Decimal { .. });
        if equal.is_some_and(|(place, _)| !is_plain(place)) || (criteria.skip > 0 && criteria.limit.is_none())
        {
            return None;
        }
        let limit = criteria.limit.map(bounded);
        let skip = Some(bounded(criteria.skip)).filter(|skip| *skip > 0);
        let value = equal
            .map(|(place, value)| value.clone().into_parameter(schema.attribute_at(place).kind(), engine));
        let number = |number| Parameter::BigUnsigned(Some(number));
        let values = value.into_iter().chain(limit.map(number)).chain(skip.map(number)).collect();
        let what = What::Read {
            equal: equal.map(|(place, _)| place),
            sort: criteria.sort.clone(),
            is_limited: limit.is_some(),
            is_skipped: skip.is_some(),
            select: criteria.select.clone(),
        };
        Some((Self { engine, what }, Values(values)))
    }
}

/// The values of an insert of one record.
pub(in crate::models) fn parameters(engine: Engine, schema: &Schema, row: Assignments) -> Values {
    let parameter =
        |(place, value): (usize, Value)| value.into_parameter(schema.attribute_at(place).kind(), engine);
    Values(row.into_iter().map(parameter).collect())
}

fn equality(filter: &Filter) -> Option<(usize, &Value)> {
    match filter {
        Filter::Compare { attribute, test: Test::Equal(value) } if *value != Value::Null => {
            Some((*attribute, value))
        }
        _ => None,
    }
}

/// The texts of a model's statements, by their shapes.
#[derive(Debug, Default)]
pub(in crate::models) struct Texts(RwLock<HashMap<Shape, Arc<str>>>);

impl Texts {
    pub(in crate::models) fn get(&self, shape: &Shape) -> Option<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(shape).cloned()
    }

    pub(in crate::models) fn keep(&self, shape: Shape, text: &str) {
        let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if texts.len() < MAX {
            texts.insert(shape, text.into());
        }
    }
}
