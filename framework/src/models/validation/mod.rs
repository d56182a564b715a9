//! The rules for an attribute's values, named as in Sails.
//! See <https://sailsjs.com/documentation/concepts/models-and-orm/validations>.

mod number;
mod pattern;
mod text;

use std::fmt;
use std::sync::Arc;

pub use pattern::{Moment, Pattern};
use serde_json::{Value as Json, json};

use super::Value;

/// A rule for the values of an attribute. Null passes every rule: whether it may be null is another matter.
///
/// ```
/// use regatta::models::{Attribute, Kind, Validation, Value};
///
/// let even = Validation::custom(|value| matches!(value, Value::Integer(number) if number % 2 == 0));
/// let size = Attribute::new("size", Kind::Integer).validate(Validation::Min(2.0)).validate(even);
/// let code = Attribute::new("code", Kind::Text).validate(Validation::regex("^[A-Z]{3}-[0-9]+$"));
/// # let _ = (size, code);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Validation {
    /// At most so many characters; bytes where it holds bytes.
    MaxLength(usize),
    /// At least so many characters; bytes where it holds bytes.
    MinLength(usize),
    /// At most this number.
    Max(f64),
    /// At least this number.
    Min(f64),
    /// One of these.
    IsIn(Vec<Value>),
    /// None of these.
    IsNotIn(Vec<Value>),
    /// A moment or day after this one: milliseconds, a [`Date`](super::Date), or text such as `2026-11-21` or
    /// `2026-11-21T08:30:00Z`.
    IsAfter(Moment),
    /// A moment or day before this one.
    IsBefore(Moment),
    /// True or false, where any JSON could be.
    IsBoolean,
    /// A number, where any JSON could be.
    IsNumber,
    /// A number without a fraction.
    IsInteger,
    /// Text, where any JSON could be.
    IsString,
    /// More than white space.
    IsNotEmpty,
    /// An e-mail address.
    IsEmail,
    /// An `http` or `https` address.
    IsUrl,
    /// An IP address, version 4 or 6.
    IsIp,
    /// A UUID, such as `8d1c6f5e-3a35-4b4e-9d0b-6a3f0d3b7a10`.
    IsUuid,
    /// A colour of the web, such as `#0af` or `00aaff`.
    IsHexColor,
    /// The number of a payment card: 12 to 19 digits, perhaps with spaces or hyphens between them, whose check digit
    /// is right.
    IsCreditCard,
    /// Text in which a regular expression is found; `^` and `$` pin it to its ends.
    Regex(Pattern),
    /// What a function of the app says.
    Custom(Check),
}

/// A function of the app that looks at a value.
#[derive(Clone)]
pub struct Check(Arc<dyn Fn(&Value) -> bool + Send + Sync>);

impl Validation {
    /// Text in which the regular expression `pattern` is found. It takes time in proportion to the text, whatever the
    /// pattern; how to write one: <https://docs.rs/regex-lite>. A wrong one is told when the app starts.
    pub fn regex(pattern: &str) -> Self {
        Self::Regex(Pattern::new(pattern))
    }

    /// A moment or day after `moment`, which is text such as `2026-11-21` or `2026-11-21T08:30:00Z`.
    pub fn is_after(moment: &str) -> Self {
        Self::IsAfter(Moment::new(moment))
    }

    /// A moment or day before `moment`.
    pub fn is_before(moment: &str) -> Self {
        Self::IsBefore(Moment::new(moment))
    }

    /// What `check` returns true for.
    pub fn custom(check: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        Self::Custom(Check(Arc::new(check)))
    }

    /// The rule's name, as in Sails.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MaxLength(_) => "maxLength",
            Self::MinLength(_) => "minLength",
            Self::Max(_) => "max",
            Self::Min(_) => "min",
            Self::IsIn(_) => "isIn",
            Self::IsNotIn(_) => "isNotIn",
            Self::IsAfter(_) => "isAfter",
            Self::IsBefore(_) => "isBefore",
            Self::IsBoolean => "isBoolean",
            Self::IsNumber => "isNumber",
            Self::IsInteger => "isInteger",
            Self::IsString => "isString",
            Self::IsNotEmpty => "isNotEmptyString",
            Self::IsEmail => "isEmail",
            Self::IsUrl => "isURL",
            Self::IsIp => "isIP",
            Self::IsUuid => "isUUID",
            Self::IsHexColor => "isHexColor",
            Self::IsCreditCard => "isCreditCard",
            Self::Regex(_) => "regex",
            Self::Custom(_) => "custom",
        }
    }

    /// Whether a form's text is looked at as the number it stands for.
    pub(crate) fn is_about_numbers(&self) -> bool {
        matches!(
            self,
            Self::Max(_) | Self::Min(_) | Self::IsNumber | Self::IsInteger | Self::IsIn(_) | Self::IsNotIn(_)
        )
    }

    /// What the rule compares with.
    pub(crate) fn expected(&self) -> Json {
        match self {
            Self::MaxLength(n) | Self::MinLength(n) => json!(n),
            Self::Max(n) | Self::Min(n) => json!(Value::Float(*n)),
            Self::IsIn(list) | Self::IsNotIn(list) => json!(list),
            Self::IsAfter(moment) | Self::IsBefore(moment) => json!(moment.text()),
            Self::Regex(pattern) => json!(pattern.text()),
            _ => json!(true),
        }
    }

    /// What to do about a value that breaks the rule.
    pub(crate) fn advice(&self) -> String {
        let told = match self {
            Self::MaxLength(n) => return format!("use at most {n} characters"),
            Self::MinLength(n) => return format!("use at least {n} characters"),
            Self::Max(n) => return format!("use at most {n}"),
            Self::Min(n) => return format!("use at least {n}"),
            Self::IsIn(list) => return format!("use one of {}", listed(list)),
            Self::IsNotIn(list) => return format!("use none of {}", listed(list)),
            Self::IsAfter(moment) => return format!("use a moment after {}", moment.text()),
            Self::IsBefore(moment) => return format!("use a moment before {}", moment.text()),
            Self::Regex(pattern) => return format!("use text that matches {}", pattern.text()),
            Self::IsBoolean => "use true or false",
            Self::IsNumber => "use a number",
            Self::IsInteger => "use a whole number",
            Self::IsString => "use text",
            Self::IsNotEmpty => "write something",
            Self::IsEmail => "use an e-mail address",
            Self::IsUrl => "use an address that starts with http:// or https://",
            Self::IsIp => "use an IP address",
            Self::IsUuid => "use a UUID",
            Self::IsHexColor => "use a colour such as #00aaff",
            Self::IsCreditCard => "use the number on the card",
            Self::Custom(_) => "use another value",
        };
        told.to_owned()
    }

    /// What is wrong with the rule itself.
    pub(super) fn mistake(&self) -> Option<String> {
        match self {
            Self::IsAfter(moment) | Self::IsBefore(moment) => moment.mistake(),
            Self::Regex(pattern) => pattern.mistake(),
            _ => None,
        }
    }

    /// Whether `value` keeps the rule.
    pub(crate) fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::MaxLength(n), value) => text::length(value, *n).is_none_or(|length| length <= *n),
            (Self::MinLength(n), value) => text::length(value, *n).is_none_or(|length| length >= *n),
            (Self::Max(bound), value) => number::compare(value, *bound).is_none_or(std::cmp::Ordering::is_le),
            (Self::Min(bound), value) => number::compare(value, *bound).is_none_or(std::cmp::Ordering::is_ge),
            (Self::IsIn(list), value) => list.iter().any(|listed| number::is_same(listed, value)),
            (Self::IsNotIn(list), value) => !list.iter().any(|listed| number::is_same(listed, value)),
            (Self::IsAfter(bound), value) => bound.is_passed_by(value, std::cmp::Ordering::is_gt),
            (Self::IsBefore(bound), value) => bound.is_passed_by(value, std::cmp::Ordering::is_lt),
            (Self::IsBoolean, value) => matches!(value, Value::Boolean(_)) || json(value, Json::is_boolean),
            (Self::IsNumber, value) => number::is_number(value),
            (Self::IsInteger, value) => number::is_whole(value),
            (Self::IsString, value) => text::of(value).is_some(),
            (Self::Custom(check), value) => check.0(value),
            // A UUID of its own kind is one.
            (Self::IsUuid, Value::Uuid(_)) => true,
            (rule, value) => text::of(value).is_some_and(|text| rule.holds_for(text)),
        }
    }

    /// The rules that are about text alone.
    fn holds_for(&self, text: &str) -> bool {
        match self {
            Self::IsNotEmpty => !text.trim().is_empty(),
            Self::IsEmail => text::is_email(text),
            Self::IsUrl => text::is_url(text),
            Self::IsIp => text.parse::<std::net::IpAddr>().is_ok(),
            Self::IsUuid => text::is_uuid(text),
            Self::IsHexColor => text::is_hex_color(text),
            Self::IsCreditCard => text::is_credit_card(text),
            Self::Regex(pattern) => pattern.is_found_in(text),
            _ => true,
        }
    }
}

fn json(value: &Value, is: fn(&Json) -> bool) -> bool {
    matches!(value, Value::Json(json) if is(json))
}

fn listed(list: &[Value]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Check(…)")
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests;
