use regatta_macros::Settings;
use serde::{Deserialize, Serialize};

use crate::config::Span;

/// `config/security.toml`
#[derive(Debug, Clone, Deserialize, Serialize, Settings)]
#[settings(section = "security")]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SecurityConfig {
    /// Whether a request that changes something must come from the app's own pages or an allowed origin.
    #[setting(default = true)]
    pub csrf: bool,
    /// Other sites whose pages may send such requests and connect sockets, as `https://host` or `https://host:port`.
    /// They read answers where a route's CORS rule shares them. `*` shares them with every site, and lets none change
    /// something.
    pub allowed_origins: Vec<String>,
    /// Whether pages of `allowed_origins` may read the answers of every route that has no CORS rule of its own.
    pub cors: bool,
    /// Whether they may with the user's cookies; refused together with `*`.
    pub cors_credentials: bool,
    /// The request headers such pages may set.
    #[setting(default = vec!["content-type".to_owned(), "x-csrf-token".to_owned()])]
    pub cors_headers: Vec<String>,
    /// The answer headers such pages may read, besides those every page may.
    pub cors_exposed_headers: Vec<String>,
    /// How long browsers may remember what such pages may send.
    #[setting(default = Span::seconds(600))]
    pub cors_max_age: Span,
    /// How long Redis may take to count a request that has a rate limit, before it passes uncounted.
    #[setting(default = Span::millis(250))]
    pub rate_limit_deadline: Span,
    /// The prefix of the counts' keys in Redis.
    #[setting(default = "regatta:rate:".to_owned())]
    pub rate_limit_prefix: String,
    /// The most clients whose requests one instance counts in its memory; those that asked least go first.
    #[setting(default = 100_000)]
    pub rate_limit_clients: usize,
    /// Proxies whose `X-Forwarded-*` headers are believed, as addresses or networks (`10.0.0.0/8`).
    pub trusted_proxies: Vec<String>,
    /// Names the app answers to, without port; empty: every name.
    pub allowed_hosts: Vec<String>,
    /// The `Content-Security-Policy` of every page.
    #[setting(default = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'; form-action 'self'".to_owned())]
    pub content_security_policy: String,
}
