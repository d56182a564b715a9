//! The word with which a page tells its own scripts from injected ones.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::{Error, Result};

/// A nonce of one answer, kept with it until its headers are written: 128 random bits.
/// See <https://www.w3.org/TR/CSP3/#security-nonces>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self(BASE64.encode(bytes)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The policy that lets scripts and styles with this nonce run, besides what `policy` allows.
    pub(super) fn within(&self, policy: &str) -> String {
        let own = format!("'nonce-{}'", self.0);
        let mut directives: Vec<String> =
            policy.split(';').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
        for name in ["script-src", "style-src"] {
            let is_it = |directive: &&mut String| directive.split_whitespace().next() == Some(name);
            match directives.iter_mut().find(is_it) {
                // Beside 'none' no other source counts.
                Some(directive) if directive.contains("'none'") => *directive = format!("{name} {own}"),
                Some(directive) => *directive = format!("{directive} {own}"),
                None => directives.push(format!("{name} 'self' {own}")),
            }
        }
        directives.join("; ")
    }
}
