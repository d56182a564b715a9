//! A kept answer.

use std::time::Duration;

use actix_web::http::header::{ETAG, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::compression::Variants;

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// A key that begins with what stands for its kind.
    pub(crate) fn of(kind: [u8; 8]) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(&kind);
        Self(bytes)
    }

    /// Adds a part; keys are the same when their parts are, in their order.
    pub(crate) fn add(&mut self, part: &[u8]) {
        // Seven bits of the length a byte, the last one below 128: short, and no two rows of parts look alike.
        let mut length = part.len();
        while length >= 0x80 {
            self.0.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.0.push(length as u8);
        self.0.extend_from_slice(part);
    }

    /// What stands for keys with these parts, by a hash that nobody can aim at.
    pub(crate) fn kind(&self) -> [u8; 8] {
        Sha256::digest(&self.0).first_chunk().copied().unwrap_or_default()
    }

    /// A name of 32 characters, by the same hash.
    pub(super) fn name(&self) -> String {
        hex(&first_half(&Sha256::digest(&self.0)))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// How long an answer may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// As it is.
    pub(crate) fresh: Duration,
    /// After that, while a new one is made.
    pub(crate) stale: Duration,
}

impl Lifetime {
    pub(super) fn is_fresh(self) -> bool {
        !self.fresh.is_zero()
    }
}

/// An answer with status 200.
#[derive(Debug)]
pub(crate) struct Entry {
    /// With the tag.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The action's own tag, or one of the body; with its quotes.
    pub(crate) tag: String,
    pub(crate) body: Bytes,
    pub(crate) variants: Variants,
}

/// What stands before the body in Redis, on a line of its own.
#[derive(Serialize, Deserialize)]
struct Head {
    headers: Vec<(String, String)>,
    /// The stale part of the lifetime, in milliseconds; the rest of the key's own is the fresh one.
    stale: u64,
}

impl Entry {
    pub(crate) fn new(mut headers: HeaderMap, body: Bytes) -> Self {
        let own = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let tag = own.unwrap_or_else(|| format!("\"{}\"", hex(&first_half(&Sha256::digest(&body)))));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        Self { headers: headers.into_iter().collect(), tag, body, variants: Variants::default() }
    }

    /// How much memory it takes, roughly: a body may come to be kept in every coding too.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64);
        headers.sum::<usize>() + 2 * self.body.len() + 256
    }

    /// For Redis; nothing when a header is no text.
    pub(super) fn encode(&self, lifetime: Lifetime) -> Option<Vec<u8>> {
        let text = |(name, value): &(HeaderName, HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = self.headers.iter().map(text).collect::<Option<_>>()?;
        let stale = u64::try_from(lifetime.stale.as_millis()).unwrap_or(u64::MAX);
        let mut out = serde_json::to_vec(&Head { headers, stale }).ok()?;
        out.push(b'\n');
        out.extend_from_slice(&self.body);
        Some(out)
    }

    /// What [`Entry::encode`] made, when the key has `left` milliseconds to live; nothing when it is something else.
    pub(super) fn decode(bytes: &[u8], left: u64) -> Option<(Self, Lifetime)> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, body) = (bytes.get(..end)?, bytes.get(end + 1..)?);
        let head: Head = serde_json::from_slice(head).ok()?;
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for (name, value) in head.headers {
            headers.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
        }
        let lifetime = Lifetime {
            fresh: Duration::from_millis(left.saturating_sub(head.stale)),
            stale: Duration::from_millis(head.stale.min(left)),
        };
        Some((Self::new(headers, Bytes::copy_from_slice(body)), lifetime))
    }
}

fn first_half(digest: &[u8]) -> [u8; 16] {
    digest.first_chunk().copied().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(32), |text, byte| text + &format!("{byte:02x}"))
}
