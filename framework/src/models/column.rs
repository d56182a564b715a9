//! How an attribute is kept in its column, what it holds when nobody says, and what is told about it.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{Attribute, Auto, Date, Decimal, Kind, Timestamp, Uuid, Value, uuids};
use crate::db::decimal::{MOST_DIGITS, fitted};

impl Attribute {
    /// How many digits a decimal has, 1 to 28, and how many of them are behind the point.
    pub fn decimal(mut self, precision: u8, scale: u8) -> Self {
        self.kind = Kind::Decimal { precision, scale };
        self
    }

    /// The type its column gets in a migration, in the SQL of the app's database: `varchar(40)`. Whether the values
    /// fit it is up to whoever writes it.
    pub fn column_type(mut self, sql: impl Into<Cow<'static, str>>) -> Self {
        self.column_type = Some(sql.into());
        self
    }

    /// What it is, for who reads the API's documentation.
    pub fn described_as(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// A value it could have, for who reads the API's documentation.
    pub fn example(mut self, value: impl Into<Json>) -> Self {
        self.example = Some(value.into());
        self
    }

    /// See [`Attribute::column_type`].
    pub fn sql_type(&self) -> Option<&str> {
        self.column_type.as_deref()
    }

    /// See [`Attribute::described_as`].
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// See [`Attribute::example`].
    pub fn example_value(&self) -> Option<&Json> {
        self.example.as_ref()
    }

    /// The value of an optional attribute that was left out.
    pub(crate) fn base_value(&self) -> Value {
        match (&self.default, self.nullable, self.kind) {
            (Some(default), ..) => default.clone(),
            (None, true, _) | (None, _, Kind::Json) => Value::Null,
            (None, _, Kind::Text) => Value::Text(String::new()),
            (None, _, Kind::Integer) => Value::Integer(0),
            (None, _, Kind::Timestamp) => Value::Timestamp(0),
            (None, _, Kind::Float) => Value::Float(0.0),
            (None, _, Kind::Boolean) => Value::Boolean(false),
            (None, _, Kind::Decimal { .. }) => Value::Decimal(Decimal::ZERO),
            (None, _, Kind::Date) => Value::Date(Date::EPOCH),
            (None, _, Kind::Uuid) => Value::Uuid(Uuid::nil()),
            (None, _, Kind::Bytes) => Value::Bytes(Vec::new()),
        }
    }

    /// What is wrong with it, to be told when the app starts.
    pub(super) fn mistake(&self) -> Option<String> {
        if let Kind::Decimal { precision, scale } = self.kind
            && !((1..=MOST_DIGITS).contains(&precision) && scale <= precision)
        {
            return Some(format!(
                "a decimal has 1 to {MOST_DIGITS} digits and no more behind the point: change `precision` or `scale`"
            ));
        }
        if let Some(default) = self.default.as_ref().filter(|default| !self.takes(default)) {
            return Some(format!("its default `{default}` is no {}: change it", self.kind));
        }
        let is_key = matches!(self.kind, Kind::Integer | Kind::Text | Kind::Uuid);
        if self.is_primary_key() && !is_key {
            return Some("a primary key is a whole number, a string or a UUID: change its type".to_owned());
        }
        if self.auto == Some(Auto::Uuid) && !matches!(self.kind, Kind::Uuid | Kind::Text) {
            return Some("it is to be a new UUID: make it a UUID or a string".to_owned());
        }
        self.validations().iter().find_map(super::Validation::mistake)
    }

    /// Whether its column can hold `value`.
    fn takes(&self, value: &Value) -> bool {
        match (self.kind, value) {
            (Kind::Decimal { precision, scale }, Value::Decimal(value)) => {
                fitted(*value, precision, scale).is_some()
            }
            (Kind::Text, Value::Text(_))
            | (Kind::Integer, Value::Integer(_))
            | (Kind::Float, Value::Float(_))
            | (Kind::Boolean, Value::Boolean(_))
            | (Kind::Timestamp, Value::Timestamp(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Uuid, Value::Uuid(_))
            | (Kind::Bytes, Value::Bytes(_))
            | (Kind::Json, _)
            | (_, Value::Null) => true,
            _ => false,
        }
    }

    /// The value it gives itself in a new record; nothing when the database does, or nobody.
    pub(super) fn automatic_value(&self, now: Timestamp) -> Option<Value> {
        match self.auto? {
            Auto::Increment => None,
            Auto::CreatedAt | Auto::UpdatedAt => Some(now.into()),
            Auto::Uuid if self.kind == Kind::Uuid => Some(uuids::new().into()),
            Auto::Uuid => Some(uuids::new().to_string().into()),
        }
    }
}
