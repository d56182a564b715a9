//! How often somebody may ask.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use actix_session::SessionExt;
use actix_web::HttpRequest;

use super::{Came, ClientAddress};

type Key = Rc<dyn Fn(&HttpRequest) -> Option<String>>;

/// How often a route or a socket event may be asked, counted over every instance of the app.
///
/// Requests are spread: 60 a minute are 60 at once and then one more each second. Whoever asks more often gets 429 with
/// `Retry-After`; every answer of the route has the headers `RateLimit` and `RateLimit-Policy`. Each client is counted for
/// itself: by its address unless said otherwise.
///
/// ```
/// use regatta::prelude::*;
/// use regatta::security::Rate;
///
/// async fn login() -> &'static str { "welcome" }
/// async fn typing() -> Result<()> { Ok(()) }
///
/// fn draw(r: &mut Routes) {
///     r.post("/login", login).rate_limit(Rate::per_minute(10).by_address().strict());
///     r.on("typing", typing).rate_limit(Rate::per_second(5).by_socket());
/// }
/// # draw(&mut Routes::default());
/// ```
#[derive(Clone)]
pub struct Rate {
    count: u32,
    per: Duration,
    burst: u32,
    by: By,
    pub(super) strict: bool,
}

#[derive(Clone)]
enum By {
    Address,
    Session,
    User(&'static str),
    Everybody,
    Socket,
    Key(Key),
}

impl Rate {
    /// `count` requests in each `period`.
    ///
    /// # Panics
    /// When either is nothing.
    pub fn new(count: u32, period: Duration) -> Self {
        assert!(
            count > 0 && !period.is_zero(),
            "a rate of nothing lets nobody in: leave the route out instead"
        );
        Self { count, per: period, burst: count, by: By::Address, strict: false }
    }

    /// `count` requests a second.
    pub fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// `count` requests a minute.
    pub fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60))
    }

    /// `count` requests an hour.
    pub fn per_hour(count: u32) -> Self {
        Self::new(count, Duration::from_secs(3600))
    }

    /// How many requests may come at once; as many as the period allows unless said, at least 1.
    pub fn burst(mut self, count: u32) -> Self {
        self.burst = count.max(1);
        self
    }

    /// Counts each client address for itself, as the trusted proxies tell it; of IPv6 the network of 64 bits.
    pub fn by_address(mut self) -> Self {
        self.by = By::Address;
        self
    }

    /// Counts each session for itself; requests without one by their address.
    pub fn by_session(mut self) -> Self {
        self.by = By::Session;
        self
    }

    /// Counts each user for itself: the value `key` has in the session; requests without it by their address.
    pub fn by_user(mut self, key: &'static str) -> Self {
        self.by = By::User(key);
        self
    }

    /// Counts each socket for itself: its events and its virtual requests; other requests by their address.
    pub fn by_socket(mut self) -> Self {
        self.by = By::Socket;
        self
    }

    /// Counts everybody together.
    pub fn by_everybody(mut self) -> Self {
        self.by = By::Everybody;
        self
    }

    /// Counts each value of `key` for itself, of an API key's header say; requests without one by their address.
    pub fn by(mut self, key: impl Fn(&HttpRequest) -> Option<String> + 'static) -> Self {
        self.by = By::Key(Rc::new(key));
        self
    }

    /// Refuses changes with 503 while nobody can count, because Redis is away; without it they pass. Reads always pass.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Microseconds between two requests.
    pub(super) fn interval(&self) -> u64 {
        (self.per.as_micros() / u128::from(self.count)).clamp(1, u128::from(u64::MAX >> 16)) as u64
    }

    /// Microseconds of requests that may come at once.
    pub(super) fn span(&self) -> u64 {
        self.interval().saturating_mul(u64::from(self.burst))
    }

    /// The policy as `RateLimit-Policy` has it (draft-ietf-httpapi-ratelimit-headers).
    pub(super) fn policy(&self) -> String {
        format!("\"default\";q={};w={}", self.count, self.per.as_secs().max(1))
    }

    /// Who is counted. `socket` is the one the request came over.
    pub(super) fn subject(&self, req: &HttpRequest, session_cookie: &str) -> String {
        let own = match &self.by {
            By::Address => None,
            By::Everybody => Some("*".to_owned()),
            By::Session => session(req, session_cookie),
            By::User(key) => user(req, key),
            By::Socket => Came::socket_of(req).map(|id| format!("socket {id}")),
            By::Key(key) => key(req).map(|key| format!("key {}", short(&key))),
        };
        own.unwrap_or_else(|| address(ClientAddress::of(req)))
    }
}

/// Only a session that lives counts: a made-up cookie must not be a new client each time.
fn session(req: &HttpRequest, cookie: &str) -> Option<String> {
    if req.get_session().entries().is_empty() {
        return None;
    }
    Some(format!("session {}", short(req.cookie(cookie)?.value())))
}

fn user(req: &HttpRequest, key: &str) -> Option<String> {
    let value = req.get_session().get::<serde_json::Value>(key).ok().flatten()?;
    Some(format!("user {}", short(&value.to_string())))
}

/// Long keys as the start of their hash, so that a key in the store has a bound.
fn short(text: &str) -> String {
    use sha2::{Digest, Sha256};
    if text.len() <= 32 {
        return text.to_owned();
    }
    Sha256::digest(text.as_bytes())
        .iter()
        .take(16)
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

pub(super) fn address(client: ClientAddress) -> String {
    use std::net::{IpAddr, Ipv6Addr};
    match client.0.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).to_string()
        }
        None => "unknown".to_owned(),
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rate").field("count", &self.count).field("per", &self.per).finish_non_exhaustive()
    }
}
