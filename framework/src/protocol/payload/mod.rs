//! Bodies of long polling: several Engine.IO packets in one request or answer.
//! See the Engine.IO protocol (<https://socket.io/docs/v4/engine-io-protocol/#http-long-polling-1>).
//!
//! Decoding slices the body where it can, takes time linear in its size and as much memory, and refuses more packets
//! than the caller accepts. It looks at a packet's type only far enough to know that there is one.

pub(crate) mod jsonp;
pub(crate) mod v3;
pub(crate) mod v4;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;
use thiserror::Error;

/// A packet of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A whole text packet, its type character included.
    Text(ByteString),
    /// The data of a binary message, without a type.
    Binary(Bytes),
}

/// A packet to encode: whether it is binary, and what a [`Unit`] holds of it. Text must be UTF-8.
pub(crate) type Item<'a> = (bool, &'a [u8]);

/// Why a payload was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum PayloadError {
    #[error("the payload has no packets")]
    Empty,
    #[error("the payload has more packets than are accepted")]
    TooMany,
    #[error("text that is not UTF-8")]
    Utf8,
    #[error("a packet without a type")]
    Type,
    #[error("a length that is no number, or not that of the data")]
    Length,
    #[error("binary data that is not base64")]
    Base64,
    #[error("a form without the field d")]
    Form,
}

/// Written padded, read either way: clients differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn from_base64(text: &str) -> Result<Unit, PayloadError> {
    BASE64.decode(text).map(|data| Unit::Binary(data.into())).map_err(|_| PayloadError::Base64)
}

fn base64_size(data: &[u8]) -> usize {
    data.len().div_ceil(3) * 4
}

fn put_base64(data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + base64_size(data), 0);
    // It can only fail for want of room.
    let _ = BASE64.encode_slice(data, out.get_mut(start..).unwrap_or_default());
}

/// The part `packet` of `body`.
fn text(body: &ByteString, packet: &str) -> Result<Unit, PayloadError> {
    match packet.as_bytes().first() {
        Some(b'0'..=b'6') => Ok(Unit::Text(body.slice_ref(packet))),
        _ => Err(PayloadError::Type),
    }
}

#[cfg(test)]
mod tests;
