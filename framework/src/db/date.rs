//! Days of the calendar.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day of the calendar, from 0001-01-01 to 9999-12-31, without a time or a time zone. In JSON it is text such as
/// `"2026-11-21"`.
///
/// ```
/// use regatta::models::Date;
///
/// let day: Date = "2024-02-29".parse().unwrap();
/// assert_eq!((day.year(), day.month(), day.day()), (2024, 2, 29));
/// assert!("2023-02-29".parse::<Date>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(time::Date);

/// The text is no day: write it as `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no day: write it as 2026-11-21, with a year from 0001 to 9999")]
pub struct NoDate;

impl Date {
    /// 1970-01-01.
    pub const EPOCH: Self = Self(time::OffsetDateTime::UNIX_EPOCH.date());

    /// The day, when there is one.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = time::Month::try_from(month).ok()?;
        let date = time::Date::from_calendar_date(year, month, day).ok()?;
        (1..=9999).contains(&year).then_some(Self(date))
    }

    /// The day it is now at Greenwich (UTC).
    pub fn today() -> Self {
        Self(time::OffsetDateTime::now_utc().date())
    }

    /// The year, 1 to 9999.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, 1 to 12.
    pub fn month(self) -> u8 {
        self.0.month().into()
    }

    /// The day of the month, 1 to 31.
    pub fn day(self) -> u8 {
        self.0.day()
    }

    /// When it begins at Greenwich, in milliseconds since 1970.
    pub(crate) fn begins_at(self) -> i64 {
        self.0.midnight().assume_utc().unix_timestamp() * 1_000
    }
}

impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let bytes = text.as_bytes();
        let is_plain = bytes.len() == 10
            && bytes.iter().enumerate().all(|(place, byte)| match place {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_plain {
            return Err(NoDate);
        }
        let part = |place: Range<usize>| text.get(place).ok_or(NoDate);
        let number = |place| part(place)?.parse().map_err(|_| NoDate);
        let year = part(0..4)?.parse().map_err(|_| NoDate)?;
        Self::new(year, number(5..7)?, number(8..10)?).ok_or(NoDate)
    }
}

impl TryFrom<time::Date> for Date {
    type Error = NoDate;

    fn try_from(date: time::Date) -> Result<Self, NoDate> {
        if (1..=9999).contains(&date.year()) { Ok(Self(date)) } else { Err(NoDate) }
    }
}

impl From<Date> for time::Date {
    fn from(date: Date) -> Self {
        date.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
