//! How a client came.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

/// The headers that every request of a socket has too.
static CARRIED: [HeaderName; 4] = [header::HOST, header::ORIGIN, header::USER_AGENT, header::ACCEPT_LANGUAGE];

/// What the client sent when it connected.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// `name:value` and a line's end for each: every socket keeps them for its whole life, in one piece without room to
    /// spare.
    headers: Bytes,
    /// Where in `headers` the values of [`CARRIED`] are: each event of a socket asks for them.
    carried: [Option<Place>; 4],
    query: Box<str>,
    origin: Origin,
}

/// The first byte and the length of a value.
type Place = (u32, u32);

/// Where a client came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) peer: Option<SocketAddr>,
    pub(super) client: Option<IpAddr>,
    pub(super) secure: bool,
}

impl Handshake {
    pub(super) fn new(headers: &HeaderMap, query: &str, origin: Origin) -> Self {
        let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut lines = Vec::with_capacity(length);
        let mut carried = [None; 4];
        for (name, value) in headers {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(b':');
            let place = carried.iter_mut().zip(&CARRIED).find(|(_, carried)| *carried == name);
            if let Some((place, _)) = place {
                let start = u32::try_from(lines.len()).ok();
                let value = start.zip(u32::try_from(value.len()).ok());
                *place = place.or(value);
            }
            lines.extend_from_slice(value.as_bytes());
            lines.push(b'\n');
        }
        Self { headers: lines.into(), carried, query: query.into(), origin }
    }

    /// The headers of the connecting request.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.lines() {
            if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name), self.value(value)) {
                headers.append(name, value);
            }
        }
        headers
    }

    /// A header of the connecting request: the first of this name.
    pub fn header(&self, name: &HeaderName) -> Option<HeaderValue> {
        let (_, value) = self.lines().find(|(other, _)| *other == name.as_str().as_bytes())?;
        self.value(value)
    }

    /// The headers that every request of a socket has too.
    pub(super) fn carried(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        CARRIED.iter().cloned().zip(self.carried).filter_map(|(name, place)| {
            let (start, length) = place?;
            let (start, length) = (start as usize, length as usize);
            Some((name, self.value(self.headers.get(start..start + length)?)?))
        })
    }

    fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let lines = self.headers.split(|byte| *byte == b'\n');
        // No name has a colon in it.
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((line.get(..colon)?, line.get(colon + 1..)?))
        })
    }

    fn value(&self, value: &[u8]) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(self.headers.slice_ref(value)).ok()
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
