//! What a rule is written with as text: regular expressions and moments.

use std::cmp::Ordering;

use regex_lite::Regex;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Value;
use crate::models::Date;

/// The regular expression of a rule.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    compiled: Result<Regex, String>,
}

/// The moment a rule compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    text: String,
    /// Milliseconds since 1970; nothing when the text is no moment.
    at: Option<i64>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        let compiled = Regex::new(text).map_err(|error| error.to_string());
        Self { text: text.to_owned(), compiled }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn mistake(&self) -> Option<String> {
        let error = self.compiled.as_ref().err()?;
        Some(format!("the regular expression `{}` can't be used: {error}", self.text))
    }

    pub(super) fn is_found_in(&self, text: &str) -> bool {
        self.compiled.as_ref().is_ok_and(|regex| regex.is_match(text))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Moment {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), at: read(text) }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn mistake(&self) -> Option<String> {
        let wrong = format!("`{}` is no moment: write 2026-11-21 or 2026-11-21T08:30:00Z", self.text);
        self.at.is_none().then_some(wrong)
    }

    /// Whether `value` is a moment that compares with this one as `wanted`.
    pub(super) fn is_passed_by(&self, value: &Value, wanted: fn(Ordering) -> bool) -> bool {
        let at = match value {
            Value::Integer(millis) | Value::Timestamp(millis) => Some(*millis),
            Value::Date(date) => Some(date.begins_at()),
            Value::Text(text) => read(text),
            Value::Json(json) => json.as_i64().or_else(|| read(json.as_str()?)),
            _ => None,
        };
        at.zip(self.at).is_some_and(|(at, bound)| wanted(at.cmp(&bound)))
    }
}

/// Milliseconds since 1970 of a day, which begins at Greenwich, or of a moment with its offset.
fn read(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(date.begins_at());
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok()
}
