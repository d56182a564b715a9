//! Values of one type as values of another.

use super::Dialect;
use crate::db::Engine;

/// A type with the digits of its decimals: `integer(10,2)`.
struct Type<'a> {
    base: &'a str,
    /// How many, and how many of them are behind the point.
    digits: Option<(u32, u32)>,
}

impl<'a> Type<'a> {
    fn of(name: &'a str) -> Self {
        let (base, rest) = name.split_once('(').unwrap_or((name, ""));
        let numbers = rest.trim_end_matches(')').split_once(',');
        let digits =
            numbers.and_then(|(all, behind)| Some((all.trim().parse().ok()?, behind.trim().parse().ok()?)));
        Self { base, digits }
    }

    fn scale(&self) -> u32 {
        self.digits.map_or(0, |(_, scale)| scale)
    }
}

impl Dialect {
    /// The expression that makes a value of one type another's; nothing where no expression of the engine can.
    pub(in crate::models::migrate) fn converted(self, value: &str, from: &str, to: &str) -> Option<String> {
        match self.0 {
            Engine::Postgres => Some(match (from, to) {
                ("boolean", "bigint") => format!("{value}::integer::bigint"),
                ("bigint", "boolean") => format!("({value} <> 0)"),
                _ => format!("{value}::{to}"),
            }),
            // Changing a column's type changes its values there, and fails where one does not fit.
            Engine::MySql => Some(value.to_owned()),
            Engine::Sqlite if from == to => Some(value.to_owned()),
            Engine::Sqlite => {
                let (have, want) = (Type::of(from), Type::of(to));
                let step = |places: u32| 10_i64.checked_pow(places);
                match (have.base, want.base) {
                    // Decimals of many digits are text of a form of its own.
                    ("text", "text") if have.digits.is_none() && want.digits.is_none() => {
                        Some(value.to_owned())
                    }
                    ("text", _) if have.digits.is_some() => None,
                    (_, "text") if want.digits.is_some() => None,
                    ("integer", "integer") => Some(match (have.scale(), want.scale()) {
                        (old, new) if old < new => format!("{value} * {}", step(new - old)?),
                        (old, new) if old > new => format!("{value} / {}", step(old - new)?),
                        _ => value.to_owned(),
                    }),
                    ("real", "integer") => {
                        Some(format!("CAST(round({value} * {}) AS integer)", step(want.scale())?))
                    }
                    ("integer", "real") if have.scale() > 0 => {
                        Some(format!("{value} / {}.0", step(have.scale())?))
                    }
                    ("integer", "text" | "date" | "blob") if have.scale() > 0 => None,
                    ("integer" | "real" | "boolean", "date" | "blob") => None,
                    ("blob", _) | (_, "blob") => None,
                    _ => Some(value.to_owned()),
                }
            }
        }
    }

    /// Whether every value of one type is one of another.
    pub(in crate::models::migrate) fn keeps(self, from: &str, to: &str) -> bool {
        let (have, want) = (Type::of(from), Type::of(to));
        let whole = |(all, behind): (u32, u32)| all - behind.min(all);
        match (have.digits, want.digits) {
            (Some(have_digits), Some(want_digits)) if have.base == want.base => {
                whole(want_digits) >= whole(have_digits) && want.scale() >= have.scale()
            }
            _ if from == to => true,
            (_, None) if matches!(want.base, "text" | "longtext") => {
                !matches!(have.base, "bytea" | "blob" | "longblob" | "binary" | "varbinary")
            }
            (_, None) => matches!(
                (have.base, want.base),
                ("smallint", "integer" | "bigint")
                    | ("integer", "bigint" | "double precision" | "numeric")
                    | ("bigint" | "numeric", "numeric")
                    | ("boolean", "integer")
                    | ("real", "double precision")
                    | ("json", "jsonb")
                    | ("float", "double")
                    | ("tinyint" | "int", "bigint")
                    | ("varbinary", "longblob")
            ),
            _ => false,
        }
    }
}
