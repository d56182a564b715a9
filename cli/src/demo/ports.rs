//! Free ports on this machine.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;

use crate::{Error, Result};

/// Below the ports that systems give to outgoing connections, so that none of those takes one meanwhile.
const POOL: RangeInclusive<u16> = 10_000..=29_999;
const ATTEMPTS: usize = 200;

/// `preferred` when it is free, else another port.
pub fn free_or(preferred: u16) -> Result<u16> {
    if preferred != 0 && is_free(preferred) { Ok(preferred) } else { free_row(1).map(|row| *row.start()) }
}

/// `count` (at least 1) free ports in a row, at a random place, so that two demos seldom meet.
pub fn free_row(count: u16) -> Result<RangeInclusive<u16>> {
    let places = u64::from(POOL.end() - POOL.start() - count);
    for _ in 0..ATTEMPTS {
        let random = RandomState::new().build_hasher().finish();
        let first = POOL.start() + u16::try_from(random % places).unwrap_or_default();
        let row = first..=first + (count - 1);
        if row.clone().all(is_free) {
            return Ok(row);
        }
    }
    Err(Error::Ports(count))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}
