//! What the database refuses, in the words of the model.

use crate::Error;
use crate::db::DbError;
use crate::models::{Schema, migrate};

/// The body Sails gives for a unique value that exists already.
pub(super) fn explain(schema: &Schema, error: DbError) -> Error {
    match error {
        DbError::Unique { .. } => not_unique(schema, error),
        DbError::NotNull { ref column } => {
            let needed = schema.stored().find(|(_, attribute)| attribute.column_name() == column);
            let needed = match needed {
                Some((_, attribute)) if attribute.is_private() => "a value it has".to_owned(),
                Some((_, attribute)) => format!("`{}`", attribute.name()),
                None => format!("`{column}`"),
            };
            let model = schema.identity();
            Error::conflict(format!("a record of `{model}` can't be without {needed}")).with_source(error)
        }
        other => other.into(),
    }
}

fn not_unique(schema: &Schema, error: DbError) -> Error {
    let DbError::Unique { constraint, columns } = &error else { return error.into() };
    let is_named = |name: &str| constraint.as_deref().is_some_and(|constraint| constraint == name);
    let of_index = schema.indexes().iter().filter(|index| is_named(&migrate::index(schema, index)));
    let in_index: Vec<usize> = of_index.flat_map(|index| index.attributes.iter().copied()).collect();
    let names: Vec<_> = schema
        .stored()
        .filter(|(place, attribute)| {
            is_named(&migrate::unique_index(schema, attribute))
                || (attribute.is_primary_key()
                    && (is_named(&format!("{}_pkey", schema.table())) || is_named("PRIMARY")))
                || in_index.contains(place)
                || columns.iter().any(|failed| failed == attribute.column_name())
        })
        .filter(|(_, attribute)| !attribute.is_private())
        .map(|(_, attribute)| attribute.name())
        .collect();
    Error::new(
        actix_web::http::StatusCode::BAD_REQUEST,
        "E_UNIQUE",
        "Would violate uniqueness constraint-- a record already exists with conflicting value(s).",
    )
    .with("modelIdentity", schema.identity())
    .with("attrNames", names)
    .with_source(error)
}
