//! A route just written, and what is said about it.

use actix_web::{FromRequest, Handler};

use crate::Result;
use crate::cache::Cache;
use crate::policies::Policy;
use crate::security::{Cors, Rate, Rules};
use crate::sessions;

/// What people are told of a route, in the app's OpenAPI document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doc {
    pub(crate) summary: Option<String>,
    pub(crate) description: Option<String>,
}

/// A route just written, to which policies and words can be added.
#[derive(Debug)]
pub struct Guarded<'a> {
    pub(super) guards: &'a mut Vec<Policy>,
    pub(super) doc: &'a mut Doc,
    pub(super) rules: &'a mut Rules,
    /// Nothing where answers can't be kept.
    pub(super) cache: Option<&'a mut Option<Cache>>,
}

impl Guarded<'_> {
    /// Lets only requests through that `policy` accepts. Policies run in the order they were added.
    pub fn guard<F, Args>(self, policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.guards.push(Policy::new(policy));
        self
    }

    /// Keeps the route's answers and sends them to everybody: `cache("30s")`, or with more to say [`Cache`]. The route's
    /// policies are asked for every request, before.
    ///
    /// Requests with a session or an `Authorization` header always get an answer of their own. An answer is not kept when
    /// its status is not 200, it changed the session or set a cookie, it carries a nonce or a token, its `Cache-Control`
    /// says `no-store` or `private`, its `Vary` names what the rule does not, it is streamed, or it is larger than
    /// `max_entry_bytes` of `config/cache.toml`.
    ///
    /// # Panics
    /// When the route is not one of GET, or the time is none.
    #[expect(clippy::panic, reason = "routes are drawn before the first request comes")]
    pub fn cache(self, rule: impl Into<Cache>) -> Self {
        let Self { guards, doc, rules, cache } = self;
        let Some(cache) = cache else {
            panic!("only the answers of GET routes can be kept: leave `cache` out")
        };
        *cache = Some(rule.into());
        Self { guards, doc, rules, cache: Some(cache) }
    }

    /// Lets requests of one session that come here, or to another serialized route, run one after the other, on whichever
    /// instances they arrive; each sees what the one before it wrote. For what [`SharedSession`](sessions::SharedSession)
    /// is too small for: a checkout, a wizard.
    ///
    /// A request waits for its turn for `turn_wait` of `config/session.toml` (10 s), then gets 503; it keeps the turn
    /// until it is answered, at most for `turn_lease` (10 s). Requests without a session don't wait. It costs two round
    /// trips to the store, and one more for each look while it waits.
    ///
    /// ```
    /// # use regatta::prelude::*;
    /// # async fn pay(session: Session) -> Result<&'static str> { Ok("paid") }
    /// # fn draw(r: &mut Routes) {
    /// r.post("/checkout", pay).serialize();
    /// # }
    /// # draw(&mut Routes::default());
    /// ```
    pub fn serialize(self) -> Self {
        // Before the others, which then see the session as the action does.
        self.guards.insert(0, Policy::new(sessions::take_turn));
        self
    }

    /// Which pages of other sites may read the route's answers. It wins over what `config/security.toml` says.
    pub fn cors(self, cors: Cors) -> Self {
        self.rules.cors = Some(cors);
        self
    }

    /// Whether requests of other sites that change something are refused. It wins over `csrf` in `config/security.toml`;
    /// `false` is for what other programs call with credentials of their own, such as the webhooks of a payment service.
    pub fn csrf(self, checked: bool) -> Self {
        self.rules.csrf = Some(checked);
        self
    }

    /// How often the route may be asked; of several each counts.
    pub fn rate_limit(self, rate: Rate) -> Self {
        self.rules.rates.push(rate);
        self
    }

    /// What the route does, in a few words; for the app's OpenAPI document.
    ///
    /// ```
    /// # use regatta::prelude::*;
    /// # async fn say() -> &'static str { "said" }
    /// # fn draw(r: &mut Routes) {
    /// r.post("/message", say).summary("Say something").describe("It needs a name, chosen with `PUT /name`.");
    /// # }
    /// # draw(&mut Routes::default());
    /// ```
    pub fn summary(self, text: impl Into<String>) -> Self {
        self.doc.summary = Some(text.into());
        self
    }

    /// Everything else there is to know about the route, in CommonMark; for the app's OpenAPI document.
    pub fn describe(self, text: impl Into<String>) -> Self {
        self.doc.description = Some(text.into());
        self
    }
}
