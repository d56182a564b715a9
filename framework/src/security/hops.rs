//! The client's address and scheme behind proxies: `X-Forwarded-For` and `X-Forwarded-Proto` are believed only as far as
//! trusted proxies wrote them. `Forwarded` and `X-Forwarded-Host` never are: proxies pass `Host` on.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};

use crate::{Error, Result};

/// The proxies in front of the app.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hops(Vec<Network>);

#[derive(Debug, Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Hops {
    /// # Errors
    /// When an entry is neither an address nor a network.
    pub(crate) fn new(entries: &[String]) -> Result<Self> {
        entries.iter().map(|entry| Network::parse(entry)).collect::<Result<_>>().map(Self)
    }

    /// The nearest address that is no trusted proxy, read from right to left.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        Some(self.walk(peer?, headers).0)
    }

    /// Whether the outermost trusted proxy was reached over TLS.
    pub(crate) fn is_secure(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        let Some(peer) = peer.filter(|peer| self.trusts(*peer)) else { return false };
        let (_, proxies) = self.walk(peer, headers);
        let schemes = entries(headers, X_FORWARDED_PROTO);
        // Proxies that keep a list add one entry each; most replace the header.
        let scheme =
            schemes.len().checked_sub(proxies.max(1)).map_or(schemes.first(), |place| schemes.get(place));
        scheme
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss"))
    }

    /// The client's address, and how many trusted proxies are before it.
    fn walk(&self, peer: IpAddr, headers: &HeaderMap) -> (IpAddr, usize) {
        let (mut client, mut proxies) = (peer, 0);
        for hop in entries(headers, X_FORWARDED_FOR).into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            proxies += 1;
            let Ok(address) = hop.parse::<IpAddr>() else { break };
            client = address;
        }
        (client, proxies)
    }

    /// Whether what this address says about others is believed.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// What stands between the commas of a header, of all its lines.
fn entries(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    let lists = headers.get_all(name).filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).collect()
}

impl Network {
    fn parse(entry: &str) -> Result<Self> {
        let wrong = || {
            Error::internal(format!(
                "trusted_proxies in config/security.toml has `{entry}`: write an address or a network such as 10.0.0.0/8"
            ))
        };
        let (address, prefix) = match entry.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().map_err(|_| wrong())?)),
            None => (entry, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        match prefix.unwrap_or(bits) {
            prefix if prefix <= bits => Ok(Self { address, prefix }),
            _ => Err(wrong()),
        }
    }

    fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                u32::from(own) & mask == u32::from(other) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                u128::from(own) & mask == u128::from(other) & mask
            }
            _ => false,
        }
    }
}
