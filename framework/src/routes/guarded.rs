//! A route just written, and what is said about it.

use actix_web::{FromRequest, Handler};

use crate::Result;
use crate::policies::Policy;
use crate::security::{Cors, Rate, Rules};

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
