use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

/// `config/security.toml`
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "security")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SecurityConfig {
    /// Whether a request that changes something must come from the app's own pages or an allowed origin.
    #[setting(default = true)]
    pub csrf: bool,
    /// Other sites whose pages may send such requests, as `https://host` or `https://host:port`.
    pub trusted_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-*` headers are believed, as addresses or networks (`10.0.0.0/8`).
    pub trusted_proxies: Vec<String>,
    /// Names the app answers to, without port; empty: every name.
    pub allowed_hosts: Vec<String>,
    /// The `Content-Security-Policy` of every page.
    #[setting(default = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'; form-action 'self'".to_owned())]
    pub content_security_policy: String,
}
