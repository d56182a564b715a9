//! A length of time as people write it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time, written `"30s"`, `"500ms"`, `"1h 30m"` or `"7days"`.
///
/// ```
/// use regatta::config::Span;
/// # use serde::Deserialize;
/// #[derive(Deserialize)]
/// struct Mine { wait: Span }
/// let mine: Mine = serde_json::from_str(r#"{"wait": "1m 30s"}"#).unwrap();
/// assert_eq!(mine.wait.get().as_secs(), 90);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    /// `n` seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(Duration::from_secs(n))
    }

    /// `n` milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(Duration::from_millis(n))
    }

    /// `n` microseconds.
    pub const fn micros(n: u64) -> Self {
        Self(Duration::from_micros(n))
    }

    /// The time as the standard library has it.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|_| {
            de::Error::custom(format!("`{text}` is no length of time: write it like \"30s\" or \"5m\""))
        })
    }
}
