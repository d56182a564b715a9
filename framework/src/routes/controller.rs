//! Actions that get routes by their names.

use actix_web::{FromRequest, Handler, Responder};

use super::{Action, short_name};
use crate::Result;
use crate::policies::Policy;
use crate::security::{Cors, Rate, Rules};

/// Actions under one name; see [`Routes::controller`](super::Routes::controller).
#[derive(Debug, Default)]
pub(crate) struct ControllerEntry {
    pub(crate) name: String,
    pub(crate) actions: Vec<ControllerAction>,
    pub(crate) guards: Vec<Policy>,
    pub(crate) rules: Rules,
}

#[derive(Debug)]
pub(crate) struct ControllerAction {
    pub(crate) name: String,
    pub(crate) handler: String,
    pub(crate) action: Action,
}

/// Actions under one name; see [`Routes::controller`](super::Routes::controller).
#[derive(Debug)]
pub struct Controller<'a>(pub(super) &'a mut ControllerEntry);

impl Controller<'_> {
    /// Adds an action: `/controller/name` leads to it.
    pub fn action<F, Args>(self, name: &str, action: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.0.actions.push(ControllerAction {
            name: name.to_owned(),
            handler: short_name::<F>(),
            action: Action::from_handler(action),
        });
        self
    }

    /// Lets only requests through that `policy` accepts.
    pub fn guard<F, Args>(self, policy: F) -> Self
    where
        F: Handler<Args, Output = Result<()>>,
        Args: FromRequest + 'static,
    {
        self.0.guards.push(Policy::new(policy));
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

    /// How often each of the actions may be asked, as [`Guarded::rate_limit`](super::Guarded::rate_limit).
    pub fn rate_limit(self, rate: Rate) -> Self {
        self.0.rules.rates.push(rate);
        self
    }
}
