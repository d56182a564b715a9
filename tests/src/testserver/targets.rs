//! `routes`: what a configured address leads to.

use regatta::actix_web::http::{Method, StatusCode, header};
use regatta::prelude::*;
use serde_json::{Map, Value};

use super::fixture;
use super::routes::text;

/// A configured route.
pub(super) struct Configured {
    /// All of them when the address names none.
    verbs: Vec<Method>,
    path: String,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Redirect(String),
    Response(StatusCode),
    Watch,
    Message,
    Subscribe,
}

/// Reads targets by address.
pub(super) fn read(given: &Map<String, Value>, is_fixture: bool) -> Result<Vec<Configured>, String> {
    let read = |(address, target): (&String, &Value)| {
        let target = Target::read(target, is_fixture);
        let target = target.ok_or_else(|| {
            format!(
                "routes: `{address}` leads to what is not there: use \"/other/path\", \"https://…\", \
                 {{\"response\": \"notFound\"}} or an action of the fixture such as \"user/watch\""
            )
        })?;
        let (verbs, path) = address_of(address)?;
        Ok(Configured { verbs, path, target })
    };
    given.iter().map(read).collect()
}

/// Adds the routes.
pub(super) fn draw(r: &mut Routes, configured: &[Configured]) {
    for Configured { verbs, path, target } in configured {
        for verb in verbs {
            match target.clone() {
                Target::Redirect(to) => r.route(verb.clone(), path, move || {
                    let answer = HttpResponse::Found().insert_header((header::LOCATION, to.clone())).finish();
                    async { answer }
                }),
                Target::Response(status) => r.route(verb.clone(), path, move || async move {
                    let mut answer = text(status.canonical_reason().unwrap_or_default());
                    *answer.status_mut() = status;
                    answer
                }),
                Target::Watch => r.route(verb.clone(), path, fixture::watch),
                Target::Message => r.route(verb.clone(), path, fixture::message),
                Target::Subscribe => r.route(verb.clone(), path, fixture::subscribe),
            };
        }
    }
}

impl Target {
    fn read(target: &Value, is_fixture: bool) -> Option<Self> {
        let text = match target {
            Value::String(text) => text.as_str(),
            Value::Object(keys) => match (keys.get("response"), keys.get("action"), keys.get("target")) {
                (Some(Value::String(name)), ..) => return Self::response(name),
                (_, Some(Value::String(action)), _) => action,
                (_, _, Some(target)) => return Self::read(target, is_fixture),
                _ => return None,
            },
            _ => return None,
        };
        if text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://") {
            return Some(Self::Redirect(text.to_owned()));
        }
        let action = text.to_lowercase().replace("controller.", "/");
        match action.as_str() {
            "user/watch" if is_fixture => Some(Self::Watch),
            "user/message" if is_fixture => Some(Self::Message),
            "user/subscribe" if is_fixture => Some(Self::Subscribe),
            _ => None,
        }
    }

    fn response(name: &str) -> Option<Self> {
        Some(Self::Response(match name {
            "ok" => StatusCode::OK,
            "badRequest" => StatusCode::BAD_REQUEST,
            "forbidden" => StatusCode::FORBIDDEN,
            "notFound" => StatusCode::NOT_FOUND,
            "serverError" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => return None,
        }))
    }
}

/// `'GET /pet/:id'` as verbs and a path of actix-web.
fn address_of(address: &str) -> Result<(Vec<Method>, String), String> {
    let (verb, path) = match address.trim().split_once(char::is_whitespace) {
        Some((verb, path)) => (verb.to_uppercase(), path.trim()),
        None => (String::new(), address.trim()),
    };
    if !path.starts_with('/') || path.contains('?') {
        return Err(format!("routes: `{address}` is no address such as \"GET /pet/:id\""));
    }
    let verbs = match verb.as_str() {
        "" | "ALL" => vec![Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH],
        verb => match Method::from_bytes(verb.as_bytes()) {
            Ok(method) => vec![method],
            Err(_) => return Err(format!("routes: `{address}` has no verb")),
        },
    };
    let part = |(place, part): (usize, &str)| match part.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None if part == "*" => format!("{{wildcard{place}:.*}}"),
        None => part.to_owned(),
    };
    let parts: Vec<_> = path.split('/').enumerate().map(part).collect();
    Ok((verbs, parts.join("/")))
}
