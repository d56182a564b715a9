//! How a client came.

use std::net::SocketAddr;

use actix_web::http::header::HeaderMap;

/// What the client sent when it connected.
#[derive(Debug, Clone)]
pub struct Handshake {
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) address: Option<SocketAddr>,
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

    /// Whether the connection came in over TLS, here or at the proxy.
    pub fn is_secure(&self) -> bool {
        self.secure
    }
}
