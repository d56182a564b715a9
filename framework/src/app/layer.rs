//! The app layer: what HTTP requests and virtual requests go through alike.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web;

use super::App;
use super::calls::Calls;
use super::server::Parts;
use crate::blueprints;
use crate::config::Config;
use crate::http::{self, Watchdog};
use crate::redis::Redis;
use crate::routes::{Called, Routes, register};
use crate::security::{Csrf, Gate, Limits, Origins};
use crate::sessions::{self, Sessions};
use crate::sockets;

/// The app's routes behind its session, guards and error answers.
pub(super) fn service(parts: &Parts) -> impl HttpServiceFactory + use<> {
    let sessions = parts.sessions.clone();
    let routes = draw(parts);
    web::scope("")
        .configure(shared(parts))
        .configure(move |services| register(routes.entries, services))
        .wrap(from_fn(move |req, next| {
            let sessions = sessions.clone();
            async move { serve(&sessions, req, next).await }
        }))
}

/// What the app's sockets do, behind the same.
pub(super) fn calls(parts: &Parts) -> Calls {
    Calls::new(Called::new(draw(parts).namespaces), &parts.sessions)
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
            .app_data(parts.views)
            .app_data(parts.instance)
            .app_data(parts.gate)
            .app_data(parts.origins)
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

async fn serve<B: MessageBody + 'static>(
    sessions: &Sessions,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    Ok(http::answer_errors(sessions::serve(sessions, req, next).await?))
}
