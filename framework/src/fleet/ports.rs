//! `--ports 3001-3004` and `--instances 4`.

use std::str::FromStr;

use super::MOST;

/// A range of ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ports {
    first: u16,
    last: u16,
}

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

/// How many instances: a number, or `max` for one for each core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(u16);

impl Count {
    pub(crate) fn get(self) -> usize {
        self.0.into()
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            return Ok(Self(u16::try_from(cores).unwrap_or(MOST).min(MOST)));
        }
        let count = text.parse().ok().filter(|count| (1..=MOST).contains(count));
        count
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no number of instances: write 1 to {MOST}, or max"))
    }
}
