mod answers;
mod batch;
mod bounds;
mod options;
mod pages;
mod placed;
mod shortcuts;
mod versions;

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::init_service;
use serde_json::Value as Json;

use crate::config::{Config, Environment};
use crate::models::Db;
use crate::routes::Routes;
use crate::security::{Csrf, Gate, Limits, Origins};

/// What holds when nothing is written anywhere.
fn config() -> Config {
    config_for(Environment::Test)
}

fn config_for(environment: Environment) -> Config {
    Config::load_with(std::path::Path::new("/nonexistent"), environment, &[]).unwrap()
}

/// A server with these routes and the blueprints they ask for, in the order an app has them.
async fn serve<D: Fn(&mut Routes)>(
    db: &Db,
    config: &Config,
    draw: D,
) -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody + use<D>>,
    Error = actix_web::Error,
> + use<D> {
    let settings = super::Settings::new(config);
    let origins = Origins::for_requests(config);
    let csrf = Csrf { enabled: config.security.csrf, origins, session_cookie: "sid".to_owned() };
    let gate = Gate::new(config, csrf, Limits::new(None, &config.security)).unwrap();
    init_service(App::new().app_data(db.clone()).app_data(gate).configure(|services| {
        let mut routes = Routes::default();
        draw(&mut routes);
        let mut entries = routes.entries;
        entries.extend(super::actions(routes.controllers, &settings));
        entries.extend(routes.blueprints.iter().flat_map(|wanted| super::routes(wanted, &settings)));
        crate::routes::register_alone(entries, services);
    }))
    .await
}

/// Status, headers and body of a request; a body that is no JSON comes as text.
macro_rules! respond {
    ($server:expr, $request:expr) => {{
        let response = actix_web::test::call_service(&$server, $request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = actix_web::test::read_body(response).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text));
        (status, headers, body)
    }};
}

/// Status and body of a request with a method, a path and perhaps a body.
macro_rules! ask {
    ($server:expr, $method:ident $path:expr $(, $body:expr)?) => {{
        let request = actix_web::test::TestRequest::with_uri(&$path.to_string());
        let request = request.method(actix_web::http::Method::$method);
        $(let request = request.set_json($body);)?
        let (status, _, body) = super::respond!($server, request);
        (status, body)
    }};
}

use {ask, respond};

fn ids(records: &Json) -> Vec<i64> {
    records.as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect()
}
