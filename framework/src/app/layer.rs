//! The app layer: what HTTP requests and virtual requests go through alike.

use std::rc::Rc;

use actix_service::ServiceFactory;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web;

use super::App;
use super::server::Parts;
use crate::blueprints;
use crate::config::Config;
use crate::http::{self, Watchdog};
use crate::redis::Redis;
use crate::routes::{Action, Around, Routes, called, register};
use crate::security::{Csrf, Gate, Limits, Origins};
use crate::sessions::{self, Sessions};
use crate::sockets;

/// What is around every action: its session, and the final form of errors.
#[derive(Clone)]
struct Layer(Rc<Sessions>);

impl Around for Layer {
    async fn around<F>(
        &self,
        req: ServiceRequest,
        answer: impl FnOnce(ServiceRequest) -> F,
    ) -> ServiceResponse
    where
        F: Future<Output = ServiceResponse>,
    {
        http::answer_errors(sessions::serve(&self.0, req, answer).await)
    }
}

/// The app's routes, and what is answered at the paths of `bare` without anything around it.
pub(super) fn routes(
    parts: &Parts,
    bare: Vec<(String, Action)>,
) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let (entries, layer) = (draw(parts).entries, Layer(Rc::new(parts.sessions.clone())));
    move |services| register(entries, bare, layer, services)
}

/// What the app's sockets do.
pub(super) fn calls(
    parts: &Parts,
) -> impl ServiceFactory<
    ServiceRequest,
    Config = (),
    Response = ServiceResponse,
    Error = actix_web::Error,
    InitError = (),
    Future: 'static,
    Service: 'static,
>
+ 'static
+ use<> {
    called(draw(parts).namespaces, Layer(Rc::new(parts.sessions.clone())))
}

/// What every action finds.
pub(super) fn shared(parts: &Parts) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let parts = parts.clone();
    move |services| {
        let limit = parts.config.http.body_limit;
        services
            .app_data(http::Bounds::new(&parts.config.http))
            .app_data(web::PayloadConfig::new(limit))
            .app_data(web::JsonConfig::default().limit(limit))
            .app_data(web::FormConfig::default().limit(limit))
            .app_data(parts.db)
            .app_data(parts.sockets)
            .app_data(parts.sessions)
            .app_data(parts.views)
            .app_data(parts.instance)
            .app_data(parts.gate)
            .app_data(parts.origins)
            .app_data(parts.hops)
            .app_data(parts.uploads);
    }
}

/// What stands before the app's actions.
///
/// # Errors
/// When the configuration or a route lets every site read answers with the users' cookies.
pub(super) fn gate(
    config: &Config,
    sessions: &Sessions,
    redis: Option<&Redis>,
    routes: &Routes,
) -> crate::Result<Gate> {
    let csrf = Csrf {
        enabled: config.security.csrf,
        origins: Origins::for_requests(config),
        session_cookie: sessions.cookie_name().to_owned(),
    };
    let gate = Gate::new(config, csrf, Limits::new(redis, &config.security))?;
    routes.review(&gate)?;
    Ok(gate)
}

/// Every route of the app layer.
fn draw(parts: &Parts) -> Routes {
    let mut routes = drawn(&parts.app, &parts.config);
    if parts.config.sockets.grant_third_party_cookie {
        routes.get(sockets::COOKIE_PATH, sockets::grant_cookie);
    }
    if let Some(document) = &parts.openapi {
        document.add_to(&mut routes);
    }
    let seat = parts.watchdog.as_ref().map(Watchdog::seat);
    for entry in &mut routes.entries {
        if let Some(rule) = entry.cache.take() {
            let (cache, cookie) = (parts.cache.clone(), parts.sessions.cookie_name());
            entry.action = http::cached(entry.action.clone(), rule, cache, cookie);
        }
        if let Some(seat) = &seat {
            let guarded = entry.action.clone().guarded(std::mem::take(&mut entry.guards));
            entry.action = seat.watch(guarded, &entry.name);
        }
    }
    let calls = routes.namespaces.iter_mut().flat_map(|namespace| &mut namespace.calls);
    for (call, seat) in calls.zip(seat.iter().cycle()) {
        call.action = seat.watch(call.action.clone(), &call.name);
    }
    routes
}

/// The app's routes with its blueprints below them.
pub(super) fn drawn(app: &App, config: &Config) -> Routes {
    let mut routes = Routes::default();
    (app.draw)(&mut routes);
    expand_blueprints(&mut routes, config);
    routes
}

/// Adds the routes of every model that asked for blueprints, and of controllers.
fn expand_blueprints(routes: &mut Routes, config: &Config) {
    let settings = blueprints::Settings::new(config);
    routes.entries.extend(blueprints::actions(std::mem::take(&mut routes.controllers), &settings));
    for wanted in std::mem::take(&mut routes.blueprints) {
        routes.entries.extend(blueprints::routes(&wanted, &settings));
    }
}
