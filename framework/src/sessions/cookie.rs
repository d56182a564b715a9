//! The session cookie: the id and its signature.

use actix_web::http::header::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Id, SessionError};
use crate::config::{Config, SameSite};

/// What the signature is for, so that the same secret may sign other things.
const PURPOSE: &[u8] = b"regatta session cookie\0";

/// Signs, reads and writes the cookie.
pub(super) struct Cookies {
    name: String,
    attributes: String,
    /// One for each secret; the first signs.
    signers: Vec<Hmac<Sha256>>,
}

/// What a request's cookies say beside the id.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Presented {
    /// Whether not the first secret signed the id, so that the cookie should be signed anew.
    pub(super) outdated: bool,
    /// Whether there was a cookie of the name at all, valid or not.
    pub(super) any: bool,
}

impl Cookies {
    pub(super) fn new(config: &Config, secrets: &[String]) -> Result<Self, SessionError> {
        let production = config.environment.is_production();
        let secure = config.session.cookie_secure.unwrap_or(production);
        let default = if production && secure { "__Host-regatta" } else { "regatta" };
        let name = config.session.cookie_name.clone().unwrap_or_else(|| default.to_owned());
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || !name.chars().all(valid) {
            return Err(SessionError::CookieName(name));
        }
        if !secure && (name.starts_with("__Host-") || name.starts_with("__Secure-")) {
            return Err(SessionError::InsecureName(name));
        }
        let same_site = match config.session.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None if secure => "None",
            SameSite::None => return Err(SessionError::InsecureSameSite),
        };
        let secure = if secure { "; Secure" } else { "" };
        let attributes = format!("; Path=/; HttpOnly; SameSite={same_site}{secure}");
        // A key of any length is accepted.
        let signers = secrets.iter().filter_map(|secret| Hmac::new_from_slice(secret.as_bytes()).ok());
        Ok(Self { name, attributes, signers: signers.collect() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Reads `Cookie` headers: the id, when one was signed with one of the secrets. A forged cookie counts as none,
    /// whichever place it stands in.
    pub(super) fn read<'a>(&self, headers: impl IntoIterator<Item = &'a str>) -> (Option<Id>, Presented) {
        let mut presented = Presented::default();
        let pairs =
            headers.into_iter().flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            if name.trim() != self.name {
                continue;
            }
            presented.any = true;
            if let Some((id, signer)) = self.verify(value.trim().trim_matches('"')) {
                return (Some(id), Presented { outdated: signer > 0, any: true });
            }
        }
        (None, presented)
    }

    fn verify(&self, value: &str) -> Option<(Id, usize)> {
        let (id, signature) = value.split_once('.')?;
        let id: [u8; Id::LENGTH] = URL_SAFE_NO_PAD.decode(id).ok()?.try_into().ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signer =
            self.signers.iter().position(|signer| signed(signer, &id).verify_slice(&signature).is_ok())?;
        Some((Id::from_bytes(id), signer))
    }

    /// The header that gives a client its session.
    pub(super) fn set(&self, id: &Id) -> Option<HeaderValue> {
        let signature = signed(self.signers.first()?, id.as_bytes()).finalize().into_bytes();
        let (id, signature) = (URL_SAFE_NO_PAD.encode(id.as_bytes()), URL_SAFE_NO_PAD.encode(signature));
        HeaderValue::try_from(format!("{}={id}.{signature}{}", self.name, self.attributes)).ok()
    }

    /// The header that takes it away.
    pub(super) fn expire(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("{}={}; Max-Age=0", self.name, self.attributes)).ok()
    }
}

fn signed(signer: &Hmac<Sha256>, id: &[u8]) -> Hmac<Sha256> {
    let mut mac = signer.clone();
    mac.update(PURPOSE);
    mac.update(id);
    mac
}

#[cfg(test)]
mod tests;
