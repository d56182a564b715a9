//! The types a field of a model can have.

use std::fmt;
use std::hash::Hash;

use serde::Serialize;

use super::record::Populated;
use super::{Bytes, Date, Decimal, Kind, Record, Timestamp, Uuid, Validation, Value};
use crate::{Error, Result};

/// A type that a field of a `#[derive(Model)]` struct can have.
#[diagnostic::on_unimplemented(
    message = "a model can't have a field of type `{Self}`",
    label = "not a type a model stores",
    note = "use String, bool, i8 to i64, u8 to u64, f32, f64, Decimal, Date, Timestamp, Uuid, Bytes, serde_json::Value, \
            Ref<Model>, Many<Model>, or an Option of one"
)]
pub trait Field: Sized + Serialize {
    /// What the attribute holds.
    const KIND: Kind;
    /// Whether it may be null.
    const NULLABLE: bool = false;
    /// The model it refers to.
    const TARGET: Option<&'static str> = None;
    /// The rules that come with the type.
    const RULES: &'static [Validation] = &[];
    /// What it is compared with in a query.
    type Operand;

    /// Reads the field.
    ///
    /// # Errors
    /// 500 when the column holds something else.
    fn load(slot: Slot) -> Result<Self>;

    /// Whether it shows in JSON.
    fn is_shown(&self) -> bool {
        true
    }
}

/// A primary key: `i64`, `String` or `Uuid`.
pub trait Key: Field<Operand = Self> + Into<Value> + Clone + Eq + Hash + fmt::Display + 'static {}

impl Key for i64 {}
impl Key for String {}
impl Key for Uuid {}

/// What a record holds for one attribute.
#[derive(Debug)]
pub struct Slot {
    pub(super) value: Value,
    pub(super) populated: Option<Populated>,
}

/// The slots of a record, to be taken by the places of their attributes.
#[derive(Debug)]
pub struct Slots {
    record: std::sync::Arc<super::Schema>,
    values: Vec<Value>,
    populated: Vec<(usize, Populated)>,
}

impl Slots {
    /// Takes a record apart.
    pub fn of(record: Record) -> Self {
        let (record, values, populated) = record.into_parts();
        Self { record, values, populated }
    }

    /// The field at `index`.
    ///
    /// # Errors
    /// 500 that names the attribute when the column holds something else.
    pub fn take<F: Field>(&mut self, index: usize) -> Result<F> {
        let value =
            self.values.get_mut(index).map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
        let place = self.populated.iter().position(|(at, _)| *at == index);
        let populated = place.map(|place| self.populated.swap_remove(place).1);
        F::load(Slot { value, populated }).map_err(|error| self.explain(index, error))
    }

    fn explain(&self, index: usize, error: Error) -> Error {
        let name = self.record.attributes().get(index).map_or("?", super::Attribute::name);
        let model = self.record.identity();
        Error::internal(format!("`{model}.{name}` can't be read: {error}; run `regatta migrate`"))
            .with_source(error)
    }
}

impl Slot {
    pub(super) fn mismatch(&self, kind: Kind) -> Error {
        let held = match &self.value {
            Value::Null => "nothing".to_owned(),
            other => format!("`{other}`"),
        };
        Error::internal(format!("its column holds {held} where the model has a {kind}"))
    }
}

macro_rules! fields {
    ($($type:ty, $operand:ty, $kind:ident, $value:ident => $convert:expr;)+) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::$kind;
            type Operand = $operand;

            fn load(slot: Slot) -> Result<Self> {
                let slot_kind = Kind::$kind;
                match slot.value {
                    Value::$kind($value) => $convert,
                    _ => Err(slot.mismatch(slot_kind)),
                }
            }
        }
    )+};
}

fields! {
    String, String, Text, value => Ok(value);
    i64, i64, Integer, value => Ok(value);
    f64, f64, Float, value => Ok(value);
    bool, bool, Boolean, value => Ok(value);
    Timestamp, Timestamp, Timestamp, value => Ok(Self::from_millis(value));
    Date, Date, Date, value => Ok(value);
    Uuid, Uuid, Uuid, value => Ok(value);
    Bytes, Bytes, Bytes, value => Ok(value.into());
}

/// Numbers with fewer bits than their column: what does not fit is refused before it is stored.
macro_rules! narrow {
    ($($type:ty),+) => {$(
        impl Field for $type {
            const KIND: Kind = Kind::Integer;
            const RULES: &'static [Validation] =
                &[Validation::Min(<$type>::MIN as f64), Validation::Max(<$type>::MAX as f64)];
            type Operand = i64;

            fn load(slot: Slot) -> Result<Self> {
                match slot.value {
                    Value::Integer(value) => Self::try_from(value).map_err(Error::internal),
                    _ => Err(slot.mismatch(Kind::Integer)),
                }
            }
        }
    )+};
}

narrow!(i8, i16, i32, u8, u16, u32);

/// Up to `i64::MAX`: no engine here stores more.
impl Field for u64 {
    const KIND: Kind = Kind::Integer;
    const RULES: &'static [Validation] = &[Validation::Min(0.0)];
    type Operand = i64;

    fn load(slot: Slot) -> Result<Self> {
        match slot.value {
            Value::Integer(value) => Self::try_from(value).map_err(Error::internal),
            _ => Err(slot.mismatch(Kind::Integer)),
        }
    }
}

impl Field for f32 {
    const KIND: Kind = Kind::Float;
    const RULES: &'static [Validation] =
        &[Validation::Min(Self::MIN as f64), Validation::Max(Self::MAX as f64)];
    type Operand = f64;

    #[expect(clippy::cast_possible_truncation, reason = "fewer digits are what the field asks for")]
    fn load(slot: Slot) -> Result<Self> {
        match slot.value {
            Value::Float(value) => Ok(value as Self),
            _ => Err(slot.mismatch(Kind::Float)),
        }
    }
}

/// With 18 digits, 4 of them behind the point, unless `#[attr(precision = …, scale = …)]` says otherwise.
impl Field for Decimal {
    const KIND: Kind = Kind::Decimal { precision: 18, scale: 4 };
    type Operand = Self;

    fn load(slot: Slot) -> Result<Self> {
        match slot.value {
            Value::Decimal(value) => Ok(value),
            _ => Err(slot.mismatch(Self::KIND)),
        }
    }
}

impl Field for serde_json::Value {
    const KIND: Kind = Kind::Json;
    const NULLABLE: bool = true;
    type Operand = ();

    fn load(slot: Slot) -> Result<Self> {
        match slot.value {
            Value::Null => Ok(Self::Null),
            Value::Json(json) => Ok(*json),
            _ => Err(slot.mismatch(Kind::Json)),
        }
    }
}

impl<F: Field> Field for Option<F> {
    const KIND: Kind = F::KIND;
    const NULLABLE: bool = true;
    const TARGET: Option<&'static str> = F::TARGET;
    const RULES: &'static [Validation] = F::RULES;
    type Operand = F::Operand;

    fn load(slot: Slot) -> Result<Self> {
        match slot {
            // What an association referred to is gone: so is the association.
            Slot { populated: Some(Populated::One(None)), .. } => Ok(None),
            Slot { value: Value::Null, .. } => Ok(None),
            slot => F::load(slot).map(Some),
        }
    }
}
