//! How a client came.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::HeaderMap;

/// What the client sent when it connected.
#[derive(Debug, Clone)]
pub struct Handshake {
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) address: Option<SocketAddr>,
    pub(super) client: Option<IpAddr>,
    pub(super) secure: bool,
}

impl Handshake {
    /// The headers of the connecting request.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The query string of the connecting request, without the `?`.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The address of the other end of the connection: the proxy's when there is one.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The client's address as the trusted proxies tell it.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.client
    }

    /// Whether the connection came in over TLS, as the trusted proxies tell it.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}
