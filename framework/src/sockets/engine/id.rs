//! Ids of sockets and connections: 20 characters of `[A-Za-z0-9_-]`, the length other Socket.IO servers expect.
//!
//! The id of a connection says where it lives, so that any worker of any instance finds its owner without asking
//! around, and proves that an instance of this fleet made it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Error, Result};

const LENGTH: usize = 15;
/// Random bytes, then the node, the worker, and the tag over all of these.
const NODE: usize = 9;
const WORKER: usize = 11;
const TAG: usize = 12;

/// What the tag is for, so that the same secret may sign other things.
const PURPOSE: &[u8] = b"regatta connection id\0";

/// A new id of 120 random bits.
pub(in crate::sockets) fn random() -> Result<String> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Where a connection lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sockets) struct Place {
    /// The instance, by its number in the fleet.
    pub(in crate::sockets) node: u16,
    pub(in crate::sockets) worker: u8,
}

/// Makes and reads the ids of connections.
#[derive(Clone)]
pub(in crate::sockets) struct Ids(Arc<[Hmac<Sha256>]>);

impl Ids {
    /// The first secret signs, all verify.
    pub(in crate::sockets) fn new(secrets: &[String]) -> Self {
        // A key of any length is accepted.
        Self(secrets.iter().filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok()).collect())
    }

    /// A new id of a connection at `place`, with 72 random bits.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(in crate::sockets) fn make(&self, place: Place) -> Result<String> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes[..NODE]).map_err(Error::internal)?;
        bytes[NODE..WORKER].copy_from_slice(&place.node.to_be_bytes());
        bytes[WORKER] = place.worker;
        let signer = self.0.first().ok_or_else(|| Error::internal("there is no secret to sign ids with"))?;
        let tag = tag(signer, &bytes[..TAG]);
        bytes[TAG..].copy_from_slice(&tag);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Where the connection lives; nothing when no instance of this fleet made the id.
    pub(in crate::sockets) fn place(&self, id: &str) -> Option<Place> {
        let mut bytes = [0; LENGTH];
        let length = URL_SAFE_NO_PAD.decode_slice(id, &mut bytes).ok()?;
        let signed = |signer| tag(signer, &bytes[..TAG]) == bytes[TAG..];
        (length == LENGTH && self.0.iter().any(signed)).then(|| Place {
            node: u16::from_be_bytes([bytes[NODE], bytes[NODE + 1]]),
            worker: bytes[WORKER],
        })
    }
}

fn tag(signer: &Hmac<Sha256>, bytes: &[u8]) -> [u8; LENGTH - TAG] {
    let code = signer.clone().chain_update(PURPOSE).chain_update(bytes).finalize().into_bytes();
    let [first, second, third, ..]: [u8; 32] = code.into();
    [first, second, third]
}
