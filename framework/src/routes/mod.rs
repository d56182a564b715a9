//! The sitemap of an app: one line a route.
//!
//! ```
//! use regatta::prelude::*;
//!
//! async fn home() -> &'static str { "hello" }
//! async fn admin(_: Session) -> &'static str { "the office" }
//! async fn is_admin(session: Session) -> Result<()> {
//!     match session.get::<bool>("admin")? {
//!         Some(true) => Ok(()),
//!         _ => Err(Error::forbidden("only admins come in here")),
//!     }
//! }
//!
//! fn draw(r: &mut Routes) {
//!     r.get("/", home);
//!     r.scope("/admin").guard(is_admin).get("/", admin);
//! }
//! # let mut routes = Routes::default(); draw(&mut routes);
//! ```

mod action;
#[cfg(test)]
mod alone;
mod blueprints;
mod called;
mod calls;
mod controller;
mod guarded;
mod namespaces;
mod service;
mod table;
mod target;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder};

pub(crate) use action::Action;
#[cfg(test)]
pub(crate) use alone::register_alone;
pub(crate) use blueprints::{BlueprintEntry, OptionHook};
pub use blueprints::{BlueprintOptions, Blueprints, Operation};
pub(crate) use called::CALL;
pub use calls::Namespace;
pub(crate) use calls::{Call, NamespaceEntry};
pub use controller::Controller;
pub(crate) use controller::ControllerEntry;
pub(crate) use guarded::Doc;
pub use guarded::Guarded;
pub(crate) use namespaces::Namespaces;
pub(crate) use service::{Around, called, register};
use target::Target;

use crate::Result;
pub use crate::cache::Cache;
use crate::models::{Model, Schema};
use crate::policies::Policy;
use crate::security::{Cors, Gate, Rate, Rules};

/// Where an app says which action answers which address.
///
/// Paths are actix-web's: `/user/{id}`, `/files/{path:.*}`. The first route that fits wins; routes written
/// by hand win over blueprints.
#[derive(Debug)]
pub struct Routes {
    pub(crate) entries: Vec<Entry>,
    pub(crate) blueprints: Vec<BlueprintEntry>,
    /// The namespaces of sockets, `/` first.
    pub(crate) namespaces: Vec<NamespaceEntry>,
    pub(crate) controllers: Vec<ControllerEntry>,
}

/// A line of the route table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) guards: Vec<Policy>,
    /// What it does, when it is a blueprint's.
    pub(crate) blueprint: Option<BlueprintRoute>,
    pub(crate) doc: Doc,
    /// How its answers are kept.
    pub(crate) cache: Option<Cache>,
    pub(crate) rules: Rules,
}

/// What a blueprint's route does.
#[derive(Debug, Clone)]
pub(crate) struct BlueprintRoute {
    pub(crate) schema: Arc<Schema>,
    pub(crate) operation: Operation,
    /// The association in the path.
    pub(crate) association: Option<usize>,
}

macro_rules! verbs {
    ($($name:ident $method:ident $verb:literal),+) => {$(
        #[doc = concat!("Answers `", $verb, " path` with `action`.")]
        pub fn $name<F, Args>(&mut self, path: &str, action: F) -> Guarded<'_>
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.route(Method::$method, path, action)
        }
    )+};
}

impl Default for Routes {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            blueprints: Vec::new(),
            namespaces: vec![NamespaceEntry::new("/".to_owned())],
            controllers: Vec::new(),
        }
    }
}

impl Routes {
    verbs!(get GET "GET", post POST "POST", put PUT "PUT", patch PATCH "PATCH", delete DELETE "DELETE");

    /// Answers `method path` with `action`. A `GET` route answers `HEAD` too.
    pub fn route<F, Args>(&mut self, method: Method, path: &str, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let entry = Entry {
            method,
            path: path.to_owned(),
            name: short_name::<F>(),
            action: Action::from_handler(action),
            guards: Vec::new(),
            blueprint: None,
            doc: Doc::default(),
            rules: Rules::default(),
            cache: None,
        };
        let Entry { method, guards, doc, rules, cache, .. } = added(&mut self.entries, entry);
        Guarded { guards, doc, rules, cache: (*method == Method::GET).then_some(cache) }
    }

    /// Routes that share the start of their path and their policies.
    pub fn scope(&mut self, prefix: &str) -> Scope<'_> {
        Scope {
            routes: self,
            prefix: prefix.trim_end_matches('/').to_owned(),
            guards: Vec::new(),
            rules: Rules::default(),
        }
    }

    /// The automatic REST + realtime API of a model.
    pub fn blueprints<M: Model>(&mut self) -> Blueprints<'_> {
        self.blueprints_of(M::schema().clone())
    }

    /// The same for a schema built at run time.
    pub fn blueprints_of(&mut self, schema: Arc<Schema>) -> Blueprints<'_> {
        Blueprints(added(&mut self.blueprints, BlueprintEntry::new(schema)))
    }

    /// # Errors
    /// When a rule of a route can't be used: the message names the route.
    pub(crate) fn review(&self, gate: &Gate) -> Result<()> {
        let rules =
            self.entries.iter().map(|entry| (&entry.rules, format!("{} {}", entry.method, entry.path)));
        rules.into_iter().try_for_each(|(rules, route)| gate.review(rules, &route))
    }

    /// Actions that get routes by their names, where `actions` of `config/blueprints.toml` is on: `/name/action` for
    /// each, with every method, and `/name` for the one called `index`. Other routes win over them.
    /// See <https://sailsjs.com/documentation/concepts/blueprints/blueprint-actions>.
    pub fn controller(&mut self, name: &str) -> Controller<'_> {
        let entry = ControllerEntry { name: name.trim_matches('/').to_owned(), ..Default::default() };
        Controller(added(&mut self.controllers, entry))
    }
}

/// Routes under one prefix; see [`Routes::scope`].
#[derive(Debug)]
pub struct Scope<'a> {
    routes: &'a mut Routes,
    prefix: String,
    guards: Vec<Policy>,
    rules: Rules,
}

impl Scope<'_> {
    verbs!(get GET "GET", post POST "POST", put PUT "PUT", patch PATCH "PATCH", delete DELETE "DELETE");

    /// Lets only requests through that `policy` accepts; for the routes written after it.
    pub fn guard<F, Args>(mut self, policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.guards.push(Policy::new(policy));
        self
    }

    /// Which pages of other sites may read answers, as [`Guarded::cors`]; for the routes written after it.
    pub fn cors(mut self, cors: Cors) -> Self {
        self.rules.cors = Some(cors);
        self
    }

    /// Whether requests of other sites that change something are refused, as [`Guarded::csrf`]; for the routes written
    /// after it.
    pub fn csrf(mut self, checked: bool) -> Self {
        self.rules.csrf = Some(checked);
        self
    }

    /// How often each of the routes written after it may be asked, as [`Guarded::rate_limit`].
    pub fn rate_limit(mut self, rate: Rate) -> Self {
        self.rules.rates.push(rate);
        self
    }

    /// Answers `method prefix/path` with `action`.
    pub fn route<F, Args>(&mut self, method: Method, path: &str, action: F) -> Guarded<'_>
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let path = match path {
            "/" | "" => self.prefix.clone(),
            _ => format!("{}{path}", self.prefix),
        };
        let guarded = self.routes.route(method, &path, action);
        guarded.guards.extend(self.guards.iter().cloned());
        guarded.rules.inherit(&self.rules);
        guarded
    }
}

/// Puts `entry` at the end of `entries`, to say more of it.
#[expect(clippy::indexing_slicing, reason = "the last one is there")]
fn added<T>(entries: &mut Vec<T>, entry: T) -> &mut T {
    let place = entries.len();
    entries.push(entry);
    &mut entries[place]
}

/// `pages::home` for a handler of type `chat::actions::pages::home`.
fn short_name<F>() -> String {
    let full = std::any::type_name::<F>();
    let parts: Vec<_> = full.split("::").filter(|part| !part.starts_with('{')).collect();
    parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("::")
}

#[cfg(test)]
mod tests;
