//! What answers a request of HTTP or of a socket once it is found.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt as _;

use super::Action;
use crate::Error;
use crate::metrics::{Route, answered_by};
use crate::security::{Admitted, Gate, Rules};

/// What answers, and what it says about who may ask.
#[derive(Debug, Clone)]
pub(super) struct Target {
    route: Rc<Route>,
    action: Action,
    rules: Rc<Rules>,
}

impl Target {
    pub(super) fn new(name: String, action: Action, rules: Rules) -> Self {
        Self { route: Route::new(name), action, rules: Rc::new(rules) }
    }

    pub(super) fn rules(&self) -> &Rc<Rules> {
        &self.rules
    }

    /// Answers the request when it is let in.
    pub(super) async fn answer(&self, req: &HttpRequest, payload: Payload) -> HttpResponse {
        answered_by(&self.route);
        let Some(gate) = req.app_data::<Gate>() else {
            return self.run(req, payload).await;
        };
        // Rates may have functions of the app in them.
        let asked =
            AssertUnwindSafe(gate.admit(&self.rules, self.route.name(), req, payload)).catch_unwind().await;
        let (admitted, passed) = asked.unwrap_or_else(|_| (Admitted::default(), Err(panicked())));
        let mut response = match passed {
            Ok(payload) => self.run(req, payload).await,
            Err(error) => HttpResponse::from_error(error),
        };
        gate.tell(&self.rules, req, admitted, &mut response);
        response
    }

    /// A handler that panics fails its request and nothing else.
    async fn run(&self, req: &HttpRequest, payload: Payload) -> HttpResponse {
        let answered = AssertUnwindSafe(self.action.call(req.clone(), payload)).catch_unwind().await;
        answered.unwrap_or_else(|_| Err(panicked().into())).unwrap_or_else(HttpResponse::from_error)
    }
}

fn panicked() -> Error {
    Error::internal("the action panicked; the log says where")
}
