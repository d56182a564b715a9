//! Exact decimals where the engine has none: SQLite.
//!
//! A column keeps so many places behind the point, so a decimal is kept as the whole number of its last places: 12.50
//! with two of them is 1250. Up to 18 digits that is an integer. More digits are text of fixed width, moved by
//! [`OFFSET`] so that none is negative: it sorts as the numbers do.

use rust_decimal::Decimal;

/// The most digits of a decimal: what the 96 bits of [`Decimal`] always hold.
pub(crate) const MOST_DIGITS: u8 = 28;

/// The most digits an integer of 64 bits always holds.
const SHORT: u8 = 18;

/// Makes every decimal a positive number of 29 digits.
const OFFSET: i128 = 10_i128.pow(28);

/// A sum is told in parts, each so many times the next one: a part alone never overflows.
#[cfg(feature = "sqlite")]
const PART: i128 = 10_i128.pow(10);

/// `decimal` with exactly `scale` places behind the point and at most `precision` digits; nothing when it has more.
pub(crate) fn fitted(decimal: Decimal, precision: u8, scale: u8) -> Option<Decimal> {
    // There is one zero: "-0" is the same.
    let mut fitted = if decimal.is_zero() { Decimal::ZERO } else { decimal.normalize() };
    if fitted.scale() > u32::from(scale) {
        return None;
    }
    let units = units(fitted, scale)?;
    fitted.rescale(scale.into());
    (units.unsigned_abs() < 10_u128.pow(precision.into())).then_some(fitted)
}

/// The nearest decimal with `scale` places that is not greater, or with `up` not less. One with more digits than
/// `precision` becomes the least one beyond them.
pub(crate) fn nearest(decimal: Decimal, precision: u8, scale: u8, up: bool) -> Decimal {
    let rounded = if up {
        decimal.round_dp_with_strategy(scale.into(), rust_decimal::RoundingStrategy::ToPositiveInfinity)
    } else {
        decimal.round_dp_with_strategy(scale.into(), rust_decimal::RoundingStrategy::ToNegativeInfinity)
    };
    fitted(rounded, precision, scale).unwrap_or_else(|| beyond(precision, scale, decimal.is_sign_negative()))
}

/// A decimal that no column of this precision holds.
pub(crate) fn beyond(precision: u8, scale: u8, negative: bool) -> Decimal {
    let units = 10_i128.pow(precision.into());
    let units = if negative { -units } else { units };
    Decimal::try_from_i128_with_scale(units, scale.into()).unwrap_or(Decimal::MAX)
}

/// The same number with at least `scale` places behind the point.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn padded(mut decimal: Decimal, scale: u8) -> Decimal {
    if decimal.scale() < scale.into() {
        decimal.rescale(scale.into());
    }
    decimal
}

/// The whole number of the last places.
fn units(decimal: Decimal, scale: u8) -> Option<i128> {
    let missing = u32::from(scale).checked_sub(decimal.scale())?;
    decimal.mantissa().checked_mul(10_i128.checked_pow(missing)?)
}

pub(super) fn parameter(decimal: Decimal, precision: u8, scale: u8) -> sea_query::Value {
    let rounded = decimal.round_dp(scale.into());
    let units = units(rounded.normalize(), scale).unwrap_or(OFFSET);
    if precision <= SHORT {
        sea_query::Value::BigInt(Some(i64::try_from(units).unwrap_or(i64::MAX)))
    } else {
        sea_query::Value::String(Some(format!("{:029}", units + OFFSET)))
    }
}

/// The parameter that stands for no decimal.
pub(super) fn nothing(precision: u8) -> sea_query::Value {
    if precision <= SHORT { sea_query::Value::BigInt(None) } else { sea_query::Value::String(None) }
}

/// A decimal as an integer column keeps it.
#[cfg(feature = "sqlite")]
pub(super) fn from_units(units: i64, scale: u8) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(units.into(), scale.into()).ok()
}

/// A decimal as a text column keeps it, or a sum in parts.
#[cfg(feature = "sqlite")]
pub(super) fn from_text(text: &str, scale: u8) -> Option<Decimal> {
    let units = if text.contains(' ') {
        text.split(' ')
            .try_fold(0_i128, |sum, part| sum.checked_mul(PART)?.checked_add(part.parse().ok()?))?
    } else {
        text.parse::<i128>().ok()? - OFFSET
    };
    Decimal::try_from_i128_with_scale(units, scale.into()).ok()
}

/// The parts that a column's values are added up by, the most significant first; `{}` is the column.
pub(crate) fn parts(precision: u8) -> &'static [&'static str] {
    if precision <= SHORT {
        &["{} / 10000000000", "{} % 10000000000"]
    } else {
        &[
            "CAST(substr({}, 1, 9) AS INTEGER) - 100000000",
            "CAST(substr({}, 10, 10) AS INTEGER)",
            "CAST(substr({}, 20, 10) AS INTEGER)",
        ]
    }
}

/// The type of a column for decimals.
pub(crate) fn column_type(precision: u8) -> &'static str {
    if precision <= SHORT { "integer" } else { "text" }
}
