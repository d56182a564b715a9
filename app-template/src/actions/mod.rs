pub mod account;
pub mod messages;
pub mod pages;
pub mod room;

use regatta::prelude::*;
use serde::Serialize;

/// What a form of the page gets is the page again; a script or a socket gets the value.
fn page_or_json(req: &HttpRequest, value: &impl Serialize) -> HttpResponse {
    let is_form = req
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if is_form {
        return HttpResponse::SeeOther().insert_header(("location", "/")).finish();
    }
    HttpResponse::Ok().json(value)
}
