//! The route table as actix-web resources.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;

use actix_web::guard::{self, Guard, GuardContext};
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};

use futures_util::FutureExt as _;

use super::{Action, Entry, EventEntry};
use crate::Error;
use crate::security::Virtual;

/// The method of a socket event; no HTTP client's request passes its guard.
pub(crate) const EVENT: &str = "EVENT";

/// Adds every route; the first that fits a request wins.
pub(crate) fn register(entries: Vec<Entry>, events: Vec<EventEntry>, services: &mut web::ServiceConfig) {
    let allowed = allowed(&entries);
    for entry in entries {
        let Entry { method, path, action, guards, .. } = entry;
        services.service(resource(&path, MethodIs(method), action.guarded(guards)));
    }
    for (path, methods) in allowed {
        services.service(web::resource(path).guard(guard::Options()).to(move || {
            let answer =
                HttpResponse::Ok().insert_header((header::ALLOW, methods.clone())).body(methods.clone());
            async { answer }
        }));
    }
    for entry in events {
        let path = event_path(&entry.event);
        services.service(resource(&path, guard::fn_guard(is_event), entry.action.guarded(entry.guards)));
    }
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

/// The path under which the handler of `event` is dispatched: its bytes in hex, so that no name is special.
pub(crate) fn event_path(event: &str) -> String {
    event.bytes().fold(String::from("/"), |path, byte| path + &format!("{byte:02x}"))
}

fn resource(path: &str, guard: impl Guard + 'static, action: Action) -> actix_web::Resource {
    web::resource(path).guard(guard).to(move |req: HttpRequest, payload: web::Payload| {
        let action = action.clone();
        // A handler that panics fails its request and nothing else.
        async move {
            let served = AssertUnwindSafe(action.call(req, payload.into_inner())).catch_unwind().await;
            served.unwrap_or_else(|_| Err(Error::internal("the action panicked; the log says where").into()))
        }
    })
}

fn is_event(ctx: &GuardContext<'_>) -> bool {
    ctx.head().method.as_str() == EVENT && ctx.req_data().contains::<Virtual>()
}

struct MethodIs(Method);

impl Guard for MethodIs {
    fn check(&self, ctx: &GuardContext<'_>) -> bool {
        let method = &ctx.head().method;
        *method == self.0 || (*method == Method::HEAD && self.0 == Method::GET)
    }
}
