//! Which records: one tree for typed queries and for what clients ask.

use super::{Kind, Schema, Value};
use crate::Error;
use crate::Result;

/// Which records are meant. Attributes are named by their place in the [`Schema`].
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these hold; none in it: every record.
    All(Vec<Filter>),
    /// One of these holds; none in it: no record.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// The attribute passes the test.
    Compare {
        /// The attribute's place.
        attribute: usize,
        /// What it is asked.
        test: Test,
    },
}

/// A comparison with an attribute. As in SQL, null passes only the tests that name it.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is this; or it is null.
    Equal(Value),
    /// It is something else; or it is not null.
    NotEqual(Value),
    /// It is less.
    Less(Value),
    /// It is less or equal.
    LessOrEqual(Value),
    /// It is greater.
    Greater(Value),
    /// It is greater or equal.
    GreaterOrEqual(Value),
    /// It is one of these.
    In(Vec<Value>),
    /// It is none of these.
    NotIn(Vec<Value>),
    /// The text has this in it.
    Contains(String),
    /// The text begins with this.
    StartsWith(String),
    /// The text ends with this.
    EndsWith(String),
    /// The text fits this pattern: `%` is any text, `_` any character, `\` makes the next one plain.
    Like(String),
}

impl Filter {
    /// Every record.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Whether it is [`Filter::everything`].
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }

    /// The record with this primary key.
    pub fn id(schema: &Schema, id: Value) -> Self {
        Self::equal(schema.primary_key_index(), id)
    }

    /// The attribute at this place is `value`.
    pub fn equal(attribute: usize, value: Value) -> Self {
        Self::Compare { attribute, test: Test::Equal(value) }
    }

    /// Both hold.
    pub fn and(self, other: Self) -> Self {
        match self {
            first if other.is_everything() => first,
            first if first.is_everything() => other,
            Self::All(mut all) => {
                all.push(other);
                Self::All(all)
            }
            first => Self::All(vec![first, other]),
        }
    }

    /// One of both holds.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut any) => {
                any.push(other);
                Self::Any(any)
            }
            first => Self::Any(vec![first, other]),
        }
    }
}

/// Refuses tests an attribute of this kind can't be put to.
pub(super) fn fits(schema: &Schema, attribute: usize, test: &Test) -> Result<()> {
    let attribute = schema.attribute_at(attribute);
    let is_null_test = matches!(test, Test::Equal(Value::Null) | Test::NotEqual(Value::Null));
    let is_text_test =
        matches!(test, Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Like(_));
    let fits = match attribute.kind() {
        _ if attribute.is_collection() => false,
        Kind::Json => is_null_test,
        Kind::Text => true,
        _ => !is_text_test,
    };
    if fits {
        return Ok(());
    }
    let kind = if attribute.is_collection() { "collection".to_owned() } else { attribute.kind().to_string() };
    Err(Error::bad_request(format!("`{}` is a {kind}: it can't be compared like that", attribute.name())))
}
