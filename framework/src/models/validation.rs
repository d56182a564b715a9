//! The rules for an attribute's values.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Value as Json, json};

use super::Value;

/// A rule for the values of an attribute. Null passes every rule: whether it may be null is another matter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Validation {
    /// At most so many characters.
    MaxLength(usize),
    /// At least so many characters.
    MinLength(usize),
    /// At most this number.
    Max(f64),
    /// At least this number.
    Min(f64),
    /// One of these.
    IsIn(Cow<'static, [&'static str]>),
    /// None of these.
    IsNotIn(Cow<'static, [&'static str]>),
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
}

impl Validation {
    /// The rule's name, as in Sails.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MaxLength(_) => "maxLength",
            Self::MinLength(_) => "minLength",
            Self::Max(_) => "max",
            Self::Min(_) => "min",
            Self::IsIn(_) => "isIn",
            Self::IsNotIn(_) => "isNotIn",
            Self::IsNotEmpty => "isNotEmptyString",
            Self::IsEmail => "isEmail",
            Self::IsUrl => "isURL",
            Self::IsIp => "isIP",
            Self::IsUuid => "isUUID",
        }
    }

    /// What the rule compares with.
    pub(super) fn expected(&self) -> Json {
        match self {
            Self::MaxLength(n) | Self::MinLength(n) => json!(n),
            Self::Max(n) | Self::Min(n) => json!(Value::Float(*n)),
            Self::IsIn(list) | Self::IsNotIn(list) => json!(list),
            _ => json!(true),
        }
    }

    /// What to do about a value that breaks the rule.
    pub(super) fn advice(&self) -> String {
        match self {
            Self::MaxLength(n) => format!("use at most {n} characters"),
            Self::MinLength(n) => format!("use at least {n} characters"),
            Self::Max(n) => format!("use at most {n}"),
            Self::Min(n) => format!("use at least {n}"),
            Self::IsIn(list) => format!("use one of {}", list.join(", ")),
            Self::IsNotIn(list) => format!("use none of {}", list.join(", ")),
            Self::IsNotEmpty => "write something".to_owned(),
            Self::IsEmail => "use an e-mail address".to_owned(),
            Self::IsUrl => "use an address that starts with http:// or https://".to_owned(),
            Self::IsIp => "use an IP address".to_owned(),
            Self::IsUuid => "use a UUID".to_owned(),
        }
    }

    /// Whether `value` keeps the rule.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::MaxLength(n), Value::Text(text)) => text.len() <= *n || text.chars().count() <= *n,
            (Self::MinLength(n), Value::Text(text)) => text.chars().count() >= *n,
            (Self::Max(n), value) => number(value).is_none_or(|value| value <= *n),
            (Self::Min(n), value) => number(value).is_none_or(|value| value >= *n),
            (Self::IsIn(list), value) => value.is_null() || is_in(list, value),
            (Self::IsNotIn(list), value) => !is_in(list, value),
            (Self::IsNotEmpty, Value::Text(text)) => !text.trim().is_empty(),
            (Self::IsEmail, Value::Text(text)) => is_email(text),
            (Self::IsUrl, Value::Text(text)) => is_url(text),
            (Self::IsIp, Value::Text(text)) => text.parse::<IpAddr>().is_ok(),
            (Self::IsUuid, Value::Text(text)) => is_uuid(text),
            _ => true,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bound is compared, not stored")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(n) | Value::Timestamp(n) => Some(*n as f64),
        Value::Float(n) => Some(*n),
        _ => None,
    }
}

fn is_in(list: &[&str], value: &Value) -> bool {
    let value = value.to_string();
    list.contains(&value.as_str())
}

/// One `@` with something before it and a dotted name behind it: what is really there only a message tells.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && local.len() <= 64
        && text.len() <= 254
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && !local.contains('@')
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

fn is_url(text: &str) -> bool {
    let web = text.starts_with("http://") || text.starts_with("https://");
    web && text
        .parse::<actix_web::http::Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
