//! Which models have automatic routes, and what they allow.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::{FromRequest, Handler, HttpRequest};
use serde_json::{Map, Value as Json};

use crate::Result;
use crate::models::{Condition, Criteria, Model, Schema};
use crate::policies::Policy;
use crate::security::{Cors, Rate, Rules};

/// What a blueprint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Lists records.
    Find,
    /// Reads a record.
    FindOne,
    /// Makes a record, or several.
    Create,
    /// Changes a record, or several.
    Update,
    /// Removes a record, or several.
    Destroy,
    /// Lists what an association of a record refers to.
    Populate,
    /// Puts a record into a collection.
    Add,
    /// Takes a record out of a collection.
    Remove,
    /// Says what is in a collection.
    Replace,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 9] = [
        Self::Find,
        Self::FindOne,
        Self::Create,
        Self::Update,
        Self::Destroy,
        Self::Populate,
        Self::Add,
        Self::Remove,
        Self::Replace,
    ];

    /// Whether it changes something.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Find | Self::FindOne | Self::Populate)
    }

    /// Its name, as Sails has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::FindOne => "findOne",
            Self::Create => "create",
            Self::Update => "update",
            Self::Destroy => "destroy",
            Self::Populate => "populate",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}

/// What one request to a blueprint is about to do; an option hook may change it. Sails' `parseBlueprintOptions`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BlueprintOptions {
    /// What the blueprint does.
    pub operation: Operation,
    /// Which records: of a list all of this, of everything else the filter, which means the record of the path.
    /// `populate` is also what the answer and the event of a write have.
    pub criteria: Criteria,
    /// The values to store; what a client may not set is left out of it afterwards.
    pub values: Map<String, Json>,
    /// Whether the socket that asks hears of the change it makes.
    pub mirror: bool,
    /// Whether a socket that lists records also hears of new ones.
    pub auto_watch: bool,
}

impl BlueprintOptions {
    pub(crate) fn new(operation: Operation) -> Self {
        Self { operation, criteria: Criteria::default(), values: Map::new(), mirror: false, auto_watch: true }
    }

    /// Only records for which this holds, whatever the client asks.
    pub fn restrict<M: Model>(&mut self, condition: Condition<M>) {
        let filter = std::mem::replace(&mut self.criteria.filter, crate::models::Filter::everything());
        self.criteria.filter = filter.and(condition.into_filter());
    }
}

/// Looks at a request and changes what its blueprint is about to do.
pub(crate) type OptionHook = Rc<dyn Fn(&HttpRequest, &mut BlueprintOptions) -> Result<()>>;

/// A model that asked for its blueprint routes.
pub(crate) struct BlueprintEntry {
    pub(crate) schema: Arc<Schema>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) guards: Vec<(Policy, Vec<Operation>)>,
    pub(crate) hooks: Vec<OptionHook>,
    pub(crate) rules: Rules,
}

impl BlueprintEntry {
    pub(super) fn new(schema: Arc<Schema>) -> Self {
        Self {
            schema,
            operations: Operation::ALL.to_vec(),
            guards: Vec::new(),
            hooks: Vec::new(),
            rules: Rules::default(),
        }
    }

    /// The policies of one operation, in the order they were added.
    pub(crate) fn guards_of(&self, operation: Operation) -> Vec<Policy> {
        let fitting = self.guards.iter().filter(|(_, operations)| operations.contains(&operation));
        fitting.map(|(policy, _)| policy.clone()).collect()
    }
}

impl fmt::Debug for BlueprintEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlueprintEntry").field("model", &self.schema.identity()).finish_non_exhaustive()
    }
}

/// The blueprints of one model; see [`Routes::blueprints`](super::Routes::blueprints).
#[derive(Debug)]
pub struct Blueprints<'a>(pub(super) &'a mut BlueprintEntry);

impl Blueprints<'_> {
    /// Lets only requests through that `policy` accepts.
    pub fn guard<F, Args>(self, policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.guard_on(Operation::ALL, policy)
    }

    /// Lets only those requests that change something through that `policy` accepts.
    pub fn guard_writes<F, Args>(self, policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.guard_on(Operation::ALL.into_iter().filter(|operation| operation.writes()), policy)
    }

    /// Lets only those requests for these operations through that `policy` accepts.
    pub fn guard_on<F, Args>(self, operations: impl IntoIterator<Item = Operation>, policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.0.guards.push((Policy::new(policy), operations.into_iter().collect()));
        self
    }

    /// Which pages of other sites may read the answers, as [`Guarded::cors`](super::Guarded::cors).
    pub fn cors(self, cors: Cors) -> Self {
        self.0.rules.cors = Some(cors);
        self
    }

    /// Whether requests of other sites that change something are refused, as [`Guarded::csrf`](super::Guarded::csrf).
    pub fn csrf(self, checked: bool) -> Self {
        self.0.rules.csrf = Some(checked);
        self
    }

    /// How often each of the routes may be asked, as [`Guarded::rate_limit`](super::Guarded::rate_limit).
    pub fn rate_limit(self, rate: Rate) -> Self {
        self.0.rules.rates.push(rate);
        self
    }

    /// Only these operations have routes.
    pub fn only(self, operations: impl IntoIterator<Item = Operation>) -> Self {
        self.0.operations = operations.into_iter().collect();
        self
    }

    /// These operations have no routes.
    pub fn except(self, operations: impl IntoIterator<Item = Operation>) -> Self {
        let without: Vec<_> = operations.into_iter().collect();
        self.0.operations.retain(|operation| !without.contains(operation));
        self
    }

    /// Runs `hook` before each operation: it may narrow the records a request can reach, set values, or refuse.
    ///
    /// ```
    /// # use regatta::prelude::*;
    /// # use actix_session::SessionExt as _;
    /// # #[derive(Debug, Model)] struct Note { id: i64, owner: i64, text: String }
    /// # fn draw(r: &mut Routes) {
    /// r.blueprints::<Note>().options(|req, options| {
    ///     let owner = req.get_session().get::<i64>("user")?.ok_or_else(|| Error::unauthorized("log in first"))?;
    ///     options.restrict(Note::OWNER.eq(owner));
    ///     options.values.insert("owner".to_owned(), owner.into());
    ///     Ok(())
    /// });
    /// # }
    /// ```
    pub fn options(self, hook: impl Fn(&HttpRequest, &mut BlueprintOptions) -> Result<()> + 'static) -> Self {
        self.0.hooks.push(Rc::new(hook));
        self
    }
}
