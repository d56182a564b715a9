//! The address people type.

use std::str::FromStr;

/// `https://chat.example.com` or `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(super) is_encrypted: bool,
    /// A name or an address; IPv6 without brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// The host as a URL has it, and the port where it is not the usual one: what `Host` says.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.is_encrypted { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// Scheme, host and port: what `Origin` says.
    pub(super) fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority())
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.is_encrypted { "https" } else { "http" }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address of a site: write one like https://chat.example.com");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let is_encrypted = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong()),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err(format!(
                "`{text}` has a path, and an app is at the root of its host: leave `/{path}` out"
            ));
        }
        // Behind the bracket that ends an IPv6 address.
        let end = authority.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match authority[end..].find(':') {
            Some(colon) => (&authority[..end + colon], Some(&authority[end + colon + 1..])),
            None => (authority, None),
        };
        let usual = if is_encrypted { 443 } else { 80 };
        let port = port.map_or(Ok(usual), |port| port.parse().map_err(|_| wrong()))?;
        let host = host.trim_matches(['[', ']']);
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_:".contains(letter);
        if host.is_empty() || host.starts_with('-') || !host.chars().all(is_plain) {
            return Err(wrong());
        }
        Ok(Self { is_encrypted, host: host.to_ascii_lowercase(), port })
    }
}
