//! Finds the placeholders of attachments in JSON.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use crate::protocol::packet::PacketError;

/// As deep as values may be that handlers ask for.
const MAX_DEPTH: usize = 128;

/// A placeholder in JSON text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Placeholder {
    /// Where it stands.
    pub(crate) range: Range<usize>,
    /// Which attachment it stands for; nothing when it says no such thing, or more than that.
    pub(crate) num: Option<u64>,
}

/// The placeholders in JSON that is known to be valid, in their order.
///
/// # Errors
/// When it is nested too deep.
pub(crate) fn find(json: &str) -> Result<Vec<Placeholder>, PacketError> {
    let mut scanner = Scanner { text: json, rest: json, found: Vec::new() };
    scanner.value(0)?;
    Ok(scanner.found)
}

/// Refuses arguments that don't have exactly one placeholder for each of `count` attachments.
pub(super) fn check(args: &[&RawValue], count: usize) -> Result<(), PacketError> {
    let mut seen = vec![false; count];
    for arg in args {
        for Placeholder { num, .. } in find(arg.get())? {
            let place = num.and_then(|num| seen.get_mut(usize::try_from(num).ok()?));
            match place {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(PacketError::Attachments),
            }
        }
    }
    if seen.contains(&false) { Err(PacketError::Attachments) } else { Ok(()) }
}

/// Walks through JSON that is known to be valid. Not serde's walk, which refuses texts with half a surrogate pair:
/// JavaScript writes such escapes when a text was cut within a character.
struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
    found: Vec<Placeholder>,
}

impl<'a> Scanner<'a> {
    /// Passes over a value; gives it as written if it is a number, `true`, `false` or `null`.
    fn value(&mut self, depth: usize) -> Result<&'a str, PacketError> {
        if depth > MAX_DEPTH {
            return Err(PacketError::Payload);
        }
        if self.rest.trim_ascii_start().starts_with('{') {
            self.object(depth)?;
        } else if self.take('[') {
            while !self.take(']') {
                self.value(depth + 1)?;
                self.take(',');
            }
        } else if self.rest.starts_with('"') {
            self.string()?;
        } else {
            let end = |letter: char| matches!(letter, ',' | ']' | '}' | ' ' | '\t' | '\n' | '\r');
            return match self.split(self.rest.find(end).unwrap_or(self.rest.len())) {
                "" => Err(PacketError::Payload),
                literal => Ok(literal),
            };
        }
        Ok("")
    }

    /// An object, which is next.
    fn object(&mut self, depth: usize) -> Result<(), PacketError> {
        self.space();
        let start = self.text.len() - self.rest.len();
        self.take('{');
        let mut end = start;
        let (mut fields, mut is_placeholder, mut num) = (0, false, None);
        loop {
            if self.rest.starts_with('}') {
                end = self.text.len() - self.rest.len() + 1;
            }
            if self.take('}') {
                break;
            }
            let key = self.key()?;
            self.take(':');
            let literal = self.value(depth + 1)?;
            match &*key {
                "_placeholder" => is_placeholder = literal == "true",
                "num" => num = literal.parse().ok(),
                _ => {}
            }
            fields += 1;
            self.take(',');
        }
        if is_placeholder {
            self.found.push(Placeholder { range: start..end, num: num.filter(|_| fields == 2) });
        }
        Ok(())
    }

    /// A name as it is meant. One that is no text in Rust is none of ours either.
    fn key(&mut self) -> Result<Cow<'a, str>, PacketError> {
        self.space();
        let quoted = self.string()?;
        if quoted.contains('\\') {
            return Ok(serde_json::from_str(quoted).unwrap_or_default());
        }
        Ok(Cow::Borrowed(quoted.trim_matches('"')))
    }

    /// A string as written, with its quotes.
    fn string(&mut self) -> Result<&'a str, PacketError> {
        let mut escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        match end {
            Some(end) if self.rest.starts_with('"') => Ok(self.split(end + 2)),
            _ => Err(PacketError::Payload),
        }
    }

    /// Whether `letter` is next; then it is passed over, with the white space around it.
    fn take(&mut self, letter: char) -> bool {
        self.space();
        let found = self.rest.strip_prefix(letter);
        self.rest = found.unwrap_or(self.rest);
        self.space();
        found.is_some()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn split(&mut self, at: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken
    }
}
