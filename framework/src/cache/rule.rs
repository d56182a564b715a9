//! What a route says about keeping its answers.

use std::time::Duration;

use actix_web::http::header::HeaderName;

use super::Lifetime;

/// How long the answers of a route are kept, and what they depend on.
///
/// ```
/// use regatta::prelude::*;
/// use regatta::routes::Cache;
///
/// async fn news() -> &'static str { "no news" }
///
/// fn draw(r: &mut Routes) {
///     r.get("/news", news).cache("30s");
///     r.get("/weather", news).cache(Cache::fresh("1m").stale("1h").vary("accept-language"));
/// }
/// # draw(&mut Routes::default());
/// ```
///
/// A time is written as in the configuration: `500ms`, `30s`, `1h 30m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    fresh: Duration,
    stale: Duration,
    vary: Vec<HeaderName>,
}

impl Cache {
    /// Answers are sent for this long; then for the same time again while a new one is made.
    ///
    /// # Panics
    /// When the text is no length of time, or none at all.
    pub fn fresh(time: &str) -> Self {
        let fresh = duration(time);
        assert!(!fresh.is_zero(), "an answer is kept for some time or without `cache`, not for `{time}`");
        Self { fresh, stale: fresh, vary: Vec::new() }
    }

    /// For how long after that an old answer is sent at once while a new one is made; `0s`: not at all.
    ///
    /// # Panics
    /// When the text is no length of time.
    pub fn stale(mut self, time: &str) -> Self {
        self.stale = duration(time);
        self
    }

    /// A header of the request that the answer depends on. Host, path and query always count, and whether the client
    /// wants a page or JSON.
    ///
    /// # Panics
    /// When it is no header's name.
    pub fn vary(mut self, header: &str) -> Self {
        let name = HeaderName::try_from(header);
        assert!(name.is_ok(), "`{header}` is no header's name: write it like `accept-language`");
        self.vary.extend(name);
        self
    }

    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime { fresh: self.fresh, stale: self.stale }
    }

    pub(crate) fn varies_by(&self) -> &[HeaderName] {
        &self.vary
    }
}

impl From<&str> for Cache {
    fn from(time: &str) -> Self {
        Self::fresh(time)
    }
}

fn duration(text: &str) -> Duration {
    let parsed = humantime::parse_duration(text);
    assert!(parsed.is_ok(), "`{text}` is no length of time: write it like \"30s\" or \"5m\"");
    parsed.unwrap_or_default()
}
