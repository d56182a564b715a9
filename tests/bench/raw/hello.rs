//! The least an action can answer.

use actix_web::web::Json;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Hello {
    hello: &'static str,
}

pub(super) async fn hello() -> Json<Hello> {
    Json(Hello { hello: "world" })
}
