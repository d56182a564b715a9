//! Who may ask: origins, cross-site requests, trusted proxies, host names, response headers.

mod csrf;
mod headers;
mod hops;
mod origins;

pub(crate) use csrf::Csrf;
pub(crate) use headers::Headers;
pub(crate) use hops::Hops;
pub(crate) use origins::Origins;

/// Marks a request that came in over a socket, whose origin was checked when it connected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Virtual;

#[cfg(test)]
mod tests;
