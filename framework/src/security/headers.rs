//! The headers every HTTP answer has.

use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::Nonce;
use crate::config::Config;
use crate::{Error, Result};

/// The values, made once.
#[derive(Debug, Clone)]
pub(crate) struct Headers {
    policy: HeaderValue,
    /// The same as text, to which nonces are added.
    policy_text: String,
    /// Whether browsers are told to use HTTPS only: when that is how the public address starts.
    https: bool,
}

const OF_PAGES: [(HeaderName, HeaderValue); 3] = [
    (REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

impl Headers {
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let policy = HeaderValue::from_str(&config.security.content_security_policy).map_err(|_| {
            Error::internal(
                "content_security_policy in config/security.toml has a character no header may have",
            )
        })?;
        let public = config.http.public_url.as_deref().unwrap_or_default();
        let policy_text = config.security.content_security_policy.clone();
        Ok(Self {
            policy,
            policy_text,
            https: config.environment.is_production() && public.starts_with("https://"),
        })
    }

    /// Adds what the answer does not have yet; what only concerns pages, to pages. `nonce` is the page's own.
    pub(crate) fn add(&self, headers: &mut HeaderMap, nonce: Option<Nonce>) {
        // There is no other value, and an answer that has it already has it once.
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.https {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if is_page {
            for (name, value) in OF_PAGES {
                if !headers.contains_key(&name) {
                    headers.insert(name, value);
                }
            }
            if !headers.contains_key(CONTENT_SECURITY_POLICY) {
                let own =
                    nonce.and_then(|nonce| HeaderValue::from_str(&nonce.within(&self.policy_text)).ok());
                headers.insert(CONTENT_SECURITY_POLICY, own.unwrap_or_else(|| self.policy.clone()));
            }
        }
    }
}
