//! A session's id: 256 random bits that only the client's cookie holds.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Whoever knows it has the session. Stores keep its hash, so that a copy of a store opens none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    bytes: [u8; Self::LENGTH],
    /// Every step of a request asks for it.
    hash: [u8; 2 * Self::LENGTH],
}

impl Id {
    pub(crate) const LENGTH: usize = 32;

    /// A new one.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; Self::LENGTH];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Self::from_bytes(bytes))
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        let mut hash = [0; 2 * Self::LENGTH];
        for ([high, low], byte) in hash.as_chunks_mut().0.iter_mut().zip(Sha256::digest(bytes)) {
            (*high, *low) = (digit(byte >> 4), digit(byte));
        }
        Self { bytes, hash }
    }

    pub(crate) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.bytes
    }

    /// What a store may know of it: the hash, in hexadecimal digits.
    pub(crate) fn hash(&self) -> String {
        self.as_hash().to_owned()
    }

    /// The same.
    pub(crate) fn as_hash(&self) -> &str {
        // Digits are text.
        str::from_utf8(&self.hash).unwrap_or_default()
    }
}

impl fmt::Debug for Id {
    /// Without the id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id(…)")
    }
}

/// `bytes` in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, *byte]).map(|nibble| char::from(digit(nibble))).collect()
}

/// The lower four bits as a hexadecimal digit.
#[expect(clippy::indexing_slicing, reason = "four bits are less than sixteen")]
fn digit(nibble: u8) -> u8 {
    b"0123456789abcdef"[usize::from(nibble & 15)]
}
