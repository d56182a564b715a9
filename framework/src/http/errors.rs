//! Error answers as the client wants them: a page, JSON, or text.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, HeaderValue};
use serde_json::Value;

use super::{complaint, wants_html};
use crate::Error;
use crate::error::{Body, is_production};
use crate::security::Nonce;
use crate::views::{Context, Views, keep};

const PAGE: &str = include_str!("error.html");

/// Gives an error answer its final form and logs what is the server's fault.
pub(crate) fn answer(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let body = match response.response().error().map(actix_web::Error::as_response_error) {
        Some(error) => body_of(
            response.response().error().and_then(|e| e.as_error::<Error>()),
            error.status_code(),
            &error.to_string(),
        ),
        None => return response,
    };
    if status.is_server_error() {
        complaint::log(&response);
    }
    if !wants_html(response.request()) {
        return plain(response, &body);
    }
    let (html, nonce) = page(response.request().app_data::<Views>(), &body, response.request().path());
    let (req, old) = response.into_parts();
    let mut new = old.set_body(BoxBody::new(html));
    if let Some(nonce) = nonce {
        keep(nonce, &mut new);
    }
    new.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    ServiceResponse::new(req, new)
}

fn body_of(own: Option<&Error>, status: StatusCode, message: &str) -> Body {
    match own {
        Some(error) => Body::of(error),
        None => Body::of(&Error::new(status, code_for(status), message.to_owned())),
    }
}

fn code_for(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("error");
    format!("E_{}", reason.to_uppercase().replace([' ', '-'], "_"))
}

/// Errors that are not ours, such as actix's extractors', get the same JSON.
fn plain(response: ServiceResponse<BoxBody>, body: &Body) -> ServiceResponse<BoxBody> {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if is_json || body.json.get("code").and_then(Value::as_str) == Some("E_NOT_FOUND") {
        return response;
    }
    let Ok(json) = serde_json::to_vec(&body.json) else { return response };
    let (req, old) = response.into_parts();
    let mut new = old.set_body(BoxBody::new(json));
    new.headers_mut().insert(
        header::CONTENT_TYPE,
        ContentType::json().0.as_ref().parse().unwrap_or(HeaderValue::from_static("application/json")),
    );
    ServiceResponse::new(req, new)
}

/// The app's own view for a status: `views/404.html`, or `views/errors/404.html`.
pub(super) fn status_view(views: &Views, status: StatusCode) -> Option<String> {
    let names = [status.as_str().to_owned(), format!("errors/{}", status.as_str())];
    names.into_iter().find(|name| views.has(name))
}

/// The app's view for the status, or a page of our own.
fn page(views: Option<&Views>, body: &Body, path: &str) -> (String, Option<Nonce>) {
    let mut context = Context::new();
    context.insert("status", &body.status.as_u16());
    context.insert("title", body.status.canonical_reason().unwrap_or("Error"));
    let message = match body.status {
        StatusCode::NOT_FOUND => format!("There is nothing at {path}."),
        _ => body.message().to_owned(),
    };
    context.insert("message", &message);
    context.insert("path", path);
    let details = serde_json::to_string_pretty(&body.json).unwrap_or_default();
    context.insert("details", &(!is_production()).then_some(details));
    let named = views.and_then(|views| Some((views, status_view(views, body.status)?)));
    match named.as_ref().map(|(views, name)| views.render_page(name, &context)) {
        Some(Ok(page)) => page,
        Some(Err(error)) => {
            tracing::error!(%error, name = named.map(|(_, name)| name), "the error page failed");
            (default_page(&context), None)
        }
        None => (default_page(&context), None),
    }
}

fn default_page(context: &Context) -> String {
    tera::Tera::one_off(PAGE, context, true).unwrap_or_else(|_| "Something went wrong.".to_owned())
}
