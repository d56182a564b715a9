//! Requests to their actions: the routes and what sockets do, as actix-web services.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_service::{Service, ServiceFactory};
use actix_web::dev::{
    AppService, HttpServiceFactory, ResourceDef, ResourceMap, ServiceRequest, ServiceResponse,
};
use actix_web::{Error, HttpResponse, web};
use futures_util::future::LocalBoxFuture;

use super::called::Called;
use super::table::Table;
use super::{Action, Entry, NamespaceEntry, Target};

/// Knows what answers a request.
pub(super) trait Find: 'static {
    /// What answers it; the parts of its path are known then.
    fn find<'t>(&'t self, req: &mut ServiceRequest) -> Found<'t>;
}

pub(super) enum Found<'t> {
    Target(&'t Target),
    /// No action is needed for it.
    Answer(HttpResponse),
}

/// What is done before and after every action.
pub(crate) trait Around: Clone + 'static {
    fn around<F>(
        &self,
        req: ServiceRequest,
        answer: impl FnOnce(ServiceRequest) -> F,
    ) -> impl Future<Output = ServiceResponse>
    where
        F: Future<Output = ServiceResponse>;
}

/// Adds every route. What stands at exactly the paths of `bare` is called with nothing around it, before any of them.
pub(crate) fn register(
    entries: Vec<Entry>,
    bare: Vec<(String, Action)>,
    around: impl Around,
    services: &mut web::ServiceConfig,
) {
    let table = Table::new(entries);
    let map = Rc::new(table.map());
    services.service(Routed(Answering { find: Rc::new(table), bare: bare.into(), around }, map));
}

/// The handlers of every namespace, for requests that are [`Call`](super::Call)s.
pub(crate) fn called<A: Around>(
    namespaces: Vec<NamespaceEntry>,
    around: A,
) -> impl ServiceFactory<
    ServiceRequest,
    Config = (),
    Response = ServiceResponse,
    Error = Error,
    InitError = (),
    Future: 'static,
    Service: 'static,
> + 'static {
    Answering { find: Rc::new(Called::new(namespaces)), bare: Rc::default(), around }
}

struct Answering<T, A> {
    find: Rc<T>,
    /// A few: comparing them takes less than finding one by a hash.
    bare: Rc<[(String, Action)]>,
    around: A,
}

impl<T, A: Clone> Clone for Answering<T, A> {
    fn clone(&self) -> Self {
        Self { find: self.find.clone(), bare: self.bare.clone(), around: self.around.clone() }
    }
}

impl<T: Find, A: Around> ServiceFactory<ServiceRequest> for Answering<T, A> {
    type Response = ServiceResponse;
    type Error = Error;
    type Config = ();
    type Service = Self;
    type InitError = ();
    type Future = Ready<Result<Self, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(Ok(self.clone()))
    }
}

impl<T: Find, A: Around> Service<ServiceRequest> for Answering<T, A> {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;

    actix_service::always_ready!();

    fn call(&self, req: ServiceRequest) -> Self::Future {
        if let Some((_, action)) = self.bare.iter().find(|(path, _)| path == req.path()) {
            let (req, payload) = req.into_parts();
            let answer = action.call(req.clone(), payload);
            return Box::pin(async { Ok(ServiceResponse::new(req, answer.await?)) });
        }
        let (find, around) = (self.find.clone(), self.around.clone());
        Box::pin(async move { Ok(around.around(req, |req| answer(&*find, req)).await) })
    }
}

async fn answer(find: &impl Find, mut req: ServiceRequest) -> ServiceResponse {
    let found = find.find(&mut req);
    let (req, payload) = req.into_parts();
    let response = match found {
        Found::Target(target) => target.answer(&req, payload).await,
        Found::Answer(response) => response,
    };
    ServiceResponse::new(req, response)
}

/// A service for every path, with what requests tell as their `match_pattern`.
struct Routed<T, A>(Answering<T, A>, Rc<ResourceMap>);

impl<T: Find, A: Around> HttpServiceFactory for Routed<T, A> {
    fn register(self, config: &mut AppService) {
        config.register_service(ResourceDef::root_prefix(""), None, self.0, Some(self.1));
    }
}
