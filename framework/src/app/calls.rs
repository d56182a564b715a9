//! What sockets do, answered: the app layer without HTTP. Between a socket's event and its handler stand the event's
//! session, its guards and rates, and nothing of routes, whose table has no word for events.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_service::{Service, ServiceFactory};
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use futures_util::future::LocalBoxFuture;

use crate::Error;
use crate::http;
use crate::routes::Called;
use crate::sessions::{self, Sessions};

/// The handlers of sockets as a service.
#[derive(Clone)]
pub(super) struct Calls {
    called: Rc<Called>,
    sessions: Sessions,
}

impl Calls {
    pub(super) fn new(called: Called, sessions: &Sessions) -> Self {
        Self { called: Rc::new(called), sessions: sessions.clone() }
    }
}

impl ServiceFactory<ServiceRequest> for Calls {
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Config = ();
    type Service = Self;
    type InitError = ();
    type Future = Ready<Result<Self, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(Ok(self.clone()))
    }
}

impl Service<ServiceRequest> for Calls {
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, mut req: ServiceRequest) -> Self::Future {
        let target = self.called.find(&mut req);
        let sessions = self.sessions.clone();
        let (req, payload) = req.into_parts();
        Box::pin(async move {
            let answer = async {
                match target {
                    Some(target) => target.answer(&req, payload).await,
                    None => HttpResponse::from_error(Error::not_found()),
                }
            };
            let response = sessions::around(&sessions, &req, answer).await;
            Ok(http::answer_errors(ServiceResponse::new(req, response)))
        })
    }
}
