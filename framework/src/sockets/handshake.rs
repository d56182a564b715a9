//! How a client came.

use std::net::SocketAddr;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// What the client sent when it connected.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Every socket keeps them for its whole life: copies without room to spare, which keep no buffer alive.
    headers: Box<[(HeaderName, HeaderValue)]>,
    query: Box<str>,
    address: Option<SocketAddr>,
    secure: bool,
}

impl Handshake {
    pub(super) fn new(headers: &HeaderMap, query: &str, address: Option<SocketAddr>, secure: bool) -> Self {
        let copy = |(name, value): (&HeaderName, &HeaderValue)| {
            let copied = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            Some((HeaderName::from_bytes(name.as_ref()).ok()?, copied))
        };
        let headers = headers.iter().filter_map(copy).collect();
        Self { headers, query: query.into(), address, secure }
    }

    /// The headers of the connecting request.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        headers
    }

    /// A header of the connecting request: the first of this name.
    pub fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value)
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
