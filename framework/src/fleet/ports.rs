//! `--ports 3001-3004`.

use std::str::FromStr;

/// A range of ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    first: u16,
    last: u16,
}

/// The most instances one parent runs.
const MOST: u16 = 256;

impl Ports {
    pub(crate) fn iter(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
}

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no range of ports: write it like 3001-3004");
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong);
        let (first, last) = (port(first)?, port(last)?);
        if last < first {
            return Err(wrong());
        }
        if last - first >= MOST {
            return Err(format!("one parent runs at most {MOST} instances"));
        }
        Ok(Self { first, last })
    }
}
