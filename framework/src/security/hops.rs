//! The client's address behind proxies: `X-Forwarded-For` is believed only as far as trusted proxies wrote it.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};

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
        let mut client = peer?;
        let lists: Vec<_> =
            headers.get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).collect();
        let hops = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
        for hop in hops.rev() {
            if !self.trusts(client) {
                return Some(client);
            }
            let Ok(address) = hop.parse::<IpAddr>() else { return Some(client) };
            client = address;
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
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
