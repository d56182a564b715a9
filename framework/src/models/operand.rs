//! Values as the types they are.

use super::{Bytes, Date, Decimal, Timestamp, Uuid, Value};
use crate::Error;

macro_rules! operands {
    ($($type:ty, $kind:ident, $value:ident => $convert:expr;)+) => {$(
        impl TryFrom<Value> for $type {
            type Error = Error;

            fn try_from(value: Value) -> Result<Self, Error> {
                match value {
                    Value::$kind($value) => Ok($convert),
                    other => Err(Error::internal(format!("`{other}` is no {}", stringify!($kind).to_lowercase()))),
                }
            }
        }
    )+};
}

operands! {
    String, Text, value => value;
    i64, Integer, value => value;
    f64, Float, value => value;
    bool, Boolean, value => value;
    Timestamp, Timestamp, value => Timestamp::from_millis(value);
    Decimal, Decimal, value => value;
    Date, Date, value => value;
    Uuid, Uuid, value => value;
    Bytes, Bytes, value => value.into();
}
