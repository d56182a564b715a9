//! How a client came.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

/// What the client sent when it connected.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Every socket keeps them for its whole life: copies without room to spare, which keep no buffer alive.
    headers: Box<[(HeaderName, HeaderValue)]>,
    query: Box<str>,
    origin: Origin,
}

/// Where a client came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) peer: Option<SocketAddr>,
    pub(super) client: Option<IpAddr>,
    pub(super) secure: bool,
}

impl Handshake {
    pub(super) fn new(headers: &HeaderMap, query: &str, origin: Origin) -> Self {
        let copy = |(name, value): (&HeaderName, &HeaderValue)| {
            let copied = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            Some((HeaderName::from_bytes(name.as_ref()).ok()?, copied))
        };
        let headers = headers.iter().filter_map(copy).collect();
        Self { headers, query: query.into(), origin }
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
        self.origin.peer
    }

    /// The client's address as the trusted proxies tell it.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.origin.client
    }

    /// Whether the connection came in over TLS, as the trusted proxies tell it.
    pub fn is_secure(&self) -> bool {
        self.origin.secure
    }
}
