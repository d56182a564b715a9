//! Where people reach the app.

use serde::Serialize;

use actix_web::http::Uri;

use super::{plain, refused};
use crate::Result;

/// The port of a proxy that stands in front of nothing public yet.
const TRYING: u16 = 8080;

/// The public side of a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Front {
    /// The name people type; none while there is none.
    pub(super) domain: Option<String>,
    /// Whether the proxy speaks TLS.
    pub(super) tls: bool,
    pub(super) port: u16,
    /// The address people type.
    pub(super) url: Option<String>,
}

impl Front {
    /// From `--domain`, which means HTTPS, else from `public_url`.
    pub(super) fn of(domain: Option<&str>, public_url: Option<&str>) -> Result<Self> {
        if let Some(domain) = domain {
            let domain = plain::host(domain)?;
            let url = Some(format!("https://{domain}"));
            return Ok(Self { domain: Some(domain), tls: true, port: 443, url });
        }
        let Some(url) = public_url else {
            return Ok(Self { domain: None, tls: false, port: TRYING, url: None });
        };
        let wrong = || {
            refused(format!(
                "public_url in config/http.toml is `{url}`: write it like https://chat.example.com"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let domain = plain::host(uri.host().ok_or_else(wrong)?)?;
        let port = uri.port_u16();
        let scheme = if tls { "https" } else { "http" };
        let shown = port.map_or(String::new(), |port| format!(":{port}"));
        let url = Some(format!("{scheme}://{domain}{shown}"));
        Ok(Self { domain: Some(domain), tls, port: port.unwrap_or(if tls { 443 } else { 80 }), url })
    }
}
