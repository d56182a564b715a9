//! Socket ids.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Error, Result};

/// A new id of 20 characters of `[A-Za-z0-9_-]`, 120 random bits: the length other Socket.IO servers expect.
pub(in crate::sockets) fn random() -> Result<String> {
    let mut bytes = [0; 15];
    getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
