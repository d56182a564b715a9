//! What an instance makes of a request that came through proxies, told to a doctor who knows a session secret.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{ClientAddress, Hops, IsSecure};

/// Where it is told.
pub(crate) const PATH: &str = "/__doctor";
/// The header with the time of the question and its signature.
pub(crate) const ASKED: &str = "x-regatta-doctor";

/// What the signature is for.
const PURPOSE: &[u8] = b"regatta: what an instance sees\0";
/// Seconds for which a question counts, clocks that differ included.
const FRESH: u64 = 300;

/// One request, as the instance sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Who connected to the instance.
    pub(crate) peer: Option<String>,
    /// Whether that is a trusted proxy.
    pub(crate) is_trusted: bool,
    /// Who the client is.
    pub(crate) client: Option<String>,
    /// Whether the client's connection is encrypted.
    pub(crate) is_secure: bool,
    pub(crate) host: Option<String>,
    pub(crate) forwarded_for: Option<String>,
    pub(crate) forwarded_proto: Option<String>,
}

impl Seen {
    pub(crate) fn of(req: &HttpRequest, hops: &Hops) -> Self {
        let peer = req.peer_addr().map(|peer| peer.ip());
        Self {
            peer: peer.map(|peer| peer.to_string()),
            is_trusted: peer.is_some_and(|peer| hops.trusts(peer)),
            client: ClientAddress::of(req).0.map(|client| client.to_string()),
            is_secure: IsSecure::of(req).0,
            host: text(req.headers(), HOST),
            forwarded_for: text(req.headers(), X_FORWARDED_FOR),
            forwarded_proto: text(req.headers(), X_FORWARDED_PROTO),
        }
    }
}

/// All lines of a header.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let lines: Vec<_> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// The value of [`ASKED`] for somebody who knows `secret`.
pub(crate) fn ask(secret: &str) -> String {
    let time = now();
    let signature = signer(secret, time).map(|signer| signer.finalize().into_bytes());
    signature.iter().flatten().fold(format!("{time}."), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether who sent `asked` knew one of `secrets` just now.
pub(crate) fn may_ask(asked: &str, secrets: &[String]) -> bool {
    let Some((time, signature)) = asked.split_once('.') else { return false };
    let Ok(time) = time.parse::<u64>() else { return false };
    let Some(signature) = bytes(signature) else { return false };
    let known =
        |secret: &String| signer(secret, time).is_some_and(|signer| signer.verify_slice(&signature).is_ok());
    now().abs_diff(time) <= FRESH && secrets.iter().any(known)
}

fn signer(secret: &str, time: u64) -> Option<Hmac<Sha256>> {
    let signer = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    Some(signer.chain_update(PURPOSE).chain_update(time.to_be_bytes()))
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit)).collect())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
