//! Counting, adding up and comparing the records of a model, as a whole or in groups.

use super::statement;
use super::{Db, Filter, Kind, Schema, Value};
use crate::Result;
use crate::db::Layout;

/// What is asked of a group of records. Attributes are named by their places in the schema; nulls don't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// How many records there are.
    Count,
    /// The sum; null when there is nothing to add.
    Sum(usize),
    /// The average, a float; null when there is nothing.
    Average(usize),
    /// The least value.
    Least(usize),
    /// The greatest value.
    Greatest(usize),
}

/// The records with the same values in the attributes they were grouped by.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The values they have in common, in the order of the attributes they were grouped by.
    pub key: Vec<Value>,
    /// What was asked, in that order.
    pub values: Vec<Value>,
}

impl Aggregate {
    /// What the answer is.
    pub(super) fn kind(self, schema: &Schema) -> Kind {
        match self {
            Self::Count => Kind::Integer,
            Self::Average(_) => Kind::Float,
            Self::Sum(place) | Self::Least(place) | Self::Greatest(place) => {
                schema.attribute_at(place).kind()
            }
        }
    }
}

/// The aggregates of each group, in the order of the groups' keys; without `group` of all records.
pub(crate) async fn aggregate(
    db: &Db,
    schema: &Schema,
    filter: &Filter,
    group: &[usize],
    aggregates: &[Aggregate],
) -> Result<Vec<Group>> {
    let statement = statement::aggregate(db.engine(schema), schema, filter, group, aggregates);
    let kinds = group.iter().map(|&place| schema.attribute_at(place).kind());
    let kinds = kinds.chain(aggregates.iter().map(|aggregate| aggregate.kind(schema)));
    let slots: Vec<_> = kinds.enumerate().collect();
    let rows = db.rows(schema, db.build(schema, &statement), &Layout::new(slots.len(), slots)).await?;
    let split = |mut key: Vec<Value>| {
        let values = key.split_off(group.len());
        Group { key, values }
    };
    Ok(rows.into_iter().map(split).collect())
}
