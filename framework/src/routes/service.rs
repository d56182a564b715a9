//! The route table as an actix-web service.
//!
//! actix-web would try the pattern of every route in turn, and only then look at the method. A table with the blueprints
//! of a few models has a hundred routes: here only those are tried that begin like the path.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_service::{Service, ServiceFactory};
use actix_web::dev::{
    AppService, HttpServiceFactory, Payload, ResourceDef, ResourceMap, ServiceRequest, ServiceResponse,
};
use actix_web::http::{Method, header};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::{Action, Call, Entry, NamespaceEntry};
use crate::Error;
use crate::metrics::answered_by;
use crate::security::{Admitted, Gate, Rules};

/// The method of what sockets do, whose path is their namespace; no HTTP client's request gets to a handler with it.
pub(crate) const CALL: &str = "CALL";

/// Adds every route; the first that fits a request wins, and what fits none is not found.
pub(crate) fn register(
    entries: Vec<Entry>,
    namespaces: Vec<NamespaceEntry>,
    services: &mut web::ServiceConfig,
) {
    services.service(Router(Rc::new(Table::new(entries, namespaces))));
}

/// Each path with the methods that have a route there, for `OPTIONS`.
fn allowed(entries: &[Entry]) -> Vec<(String, String)> {
    let mut paths: Vec<(&str, BTreeSet<&str>)> = Vec::new();
    let mut places = HashMap::new();
    for entry in entries {
        let place = *places.entry(entry.path.as_str()).or_insert_with(|| {
            paths.push((&entry.path, BTreeSet::new()));
            paths.len() - 1
        });
        let methods = &mut paths[place].1;
        methods.insert(entry.method.as_str());
        if entry.method == Method::GET {
            methods.insert(Method::HEAD.as_str());
        }
    }
    let joined = |methods: BTreeSet<&str>| methods.into_iter().collect::<Vec<_>>().join(", ");
    paths.into_iter().map(|(path, methods)| (path.to_owned(), joined(methods))).collect()
}

fn definition(path: &str) -> ResourceDef {
    if path.starts_with('/') { ResourceDef::new(path) } else { ResourceDef::new(format!("/{path}")) }
}

/// What answers, and what it says about who may ask.
#[derive(Clone)]
pub(super) struct Target {
    name: Rc<str>,
    action: Action,
    rules: Rc<Rules>,
}

impl Target {
    pub(super) fn new(name: String, action: Action, rules: Rules) -> Self {
        Self { name: name.into(), action, rules: Rc::new(rules) }
    }

    /// Answers the request when it is let in.
    async fn answer(&self, req: &HttpRequest, payload: Payload) -> HttpResponse {
        let Some(gate) = req.app_data::<Gate>() else {
            return self.run(req, payload).await;
        };
        // Rates may have functions of the app in them.
        let asked = AssertUnwindSafe(gate.admit(&self.rules, &self.name, req, payload)).catch_unwind().await;
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

/// A route.
struct Line {
    method: Method,
    path: ResourceDef,
    target: Target,
}

impl Line {
    fn takes(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

struct Table {
    lines: Vec<Line>,
    /// The places of the lines that fit a path with this first segment, those that fit any first segment included.
    by_start: BTreeMap<String, Vec<usize>>,
    /// The places of the lines that fit a path with any other first segment.
    others: Vec<usize>,
    namespaces: Vec<(ResourceDef, HashMap<Call, Target>)>,
    /// What answers browsers that ask beforehand, in the figures.
    preflight: Rc<str>,
}

impl Table {
    fn new(entries: Vec<Entry>, namespaces: Vec<NamespaceEntry>) -> Self {
        let mut table = Self {
            lines: Vec::new(),
            by_start: BTreeMap::new(),
            others: Vec::new(),
            namespaces: Vec::with_capacity(namespaces.len()),
            preflight: "OPTIONS preflight".into(),
        };
        let allowed = allowed(&entries);
        for Entry { method, path, action, guards, rules, .. } in entries {
            let target = Target::new(format!("{method} {path}"), action.guarded(guards), rules);
            table.add(Line { method, path: definition(&path), target });
        }
        for (path, methods) in allowed {
            let action = Action::from_handler(move || {
                let answer =
                    HttpResponse::Ok().insert_header((header::ALLOW, &*methods)).body(methods.clone());
                async { answer }
            });
            let target = Target::new(format!("OPTIONS {path}"), action, Rules::default());
            table.add(Line { method: Method::OPTIONS, path: definition(&path), target });
        }
        for entry in namespaces {
            let name = ResourceDef::new(&*entry.name);
            table.namespaces.push((name, entry.into_targets()));
        }
        table
    }

    fn add(&mut self, line: Line) {
        let place = self.lines.len();
        let start = first_segment(line.path.pattern().unwrap_or_default());
        if start.contains('{') {
            self.by_start.values_mut().for_each(|places| places.push(place));
            self.others.push(place);
        } else {
            let places = self.by_start.entry(start.to_owned()).or_insert_with(|| self.others.clone());
            places.push(place);
        }
        self.lines.push(line);
    }

    /// What answers the request, whose path's parts are then known.
    fn find(&self, req: &mut ServiceRequest) -> Option<&Target> {
        if req.method().as_str() == CALL {
            return self.called(req);
        }
        let method = req.method().clone();
        self.route(req, &method)
    }

    fn route(&self, req: &mut ServiceRequest, method: &Method) -> Option<&Target> {
        let start = first_segment(req.match_info().unprocessed());
        let places = self.by_start.get(start).unwrap_or(&self.others);
        let fits = |line: &&Line| line.takes(method) && line.path.capture_match_info(req.match_info_mut());
        places.iter().map(|place| &self.lines[*place]).find(fits).map(|line| &line.target)
    }

    /// The answer to a browser that asks beforehand what another site's page may send.
    fn preflight(&self, req: &mut ServiceRequest) -> Option<HttpResponse> {
        let method = Gate::asked_about(req.request())?;
        let path = req.match_info().clone();
        let rules = self.route(req, &method).map(|target| target.rules.clone());
        // The request is still to find the route of its own method.
        *req.match_info_mut() = path;
        req.app_data::<Gate>()?.preflight(&*rules?, req.request(), &method)
    }

    /// What answers what a socket does in the namespace that is the request's path.
    fn called(&self, req: &mut ServiceRequest) -> Option<&Target> {
        let call = req.extensions().get::<Call>().cloned()?;
        let namespace =
            self.namespaces.iter().find(|(name, _)| name.capture_match_info(req.match_info_mut()));
        let actions = &namespace?.1;
        let any = || actions.get(&Call::AnyEvent).filter(|_| matches!(call, Call::Event(_)));
        actions.get(&call).or_else(any)
    }
}

/// What stands between the first slash of a path and the next one.
fn first_segment(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default()
}

/// The table as a service for every path.
#[derive(Clone)]
struct Router(Rc<Table>);

impl HttpServiceFactory for Router {
    fn register(self, config: &mut AppService) {
        let everything = ResourceDef::root_prefix("");
        // What a request tells as its `match_pattern`.
        let mut map = ResourceMap::new(everything.clone());
        for line in &self.0.lines {
            map.add(&mut line.path.clone(), None);
        }
        config.register_service(everything, None, self, Some(Rc::new(map)));
    }
}

impl ServiceFactory<ServiceRequest> for Router {
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Config = ();
    type Service = Self;
    type InitError = ();
    type Future = Ready<Result<Self, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        ready(Ok(self.clone()))
    }
}

impl Service<ServiceRequest> for Router {
    type Response = ServiceResponse;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<ServiceResponse, actix_web::Error>>;

    actix_service::always_ready!();

    fn call(&self, mut req: ServiceRequest) -> Self::Future {
        if let Some(response) = self.0.preflight(&mut req) {
            answered_by(&self.0.preflight);
            return Box::pin(ready(Ok(req.into_response(response))));
        }
        let target = self.0.find(&mut req).cloned();
        let (req, payload) = req.into_parts();
        Box::pin(async move {
            let response = match target {
                Some(target) => {
                    answered_by(&target.name);
                    target.answer(&req, payload).await
                }
                None => HttpResponse::from_error(Error::not_found()),
            };
            Ok(ServiceResponse::new(req, response))
        })
    }
}
