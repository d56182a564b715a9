//! `/__doctor`: shows a doctor who knows a session secret what this instance makes of its request.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::config::Config;
use crate::security::{ASKED, Hops, Seen, may_ask};
use crate::{Error, Result};

/// What the answer is made from.
#[derive(Debug)]
pub(super) struct Mirror {
    hops: Hops,
    secrets: Vec<String>,
}

impl Mirror {
    pub(super) fn new(config: &Config, secrets: &[String]) -> Result<Self> {
        Ok(Self { hops: Hops::new(&config.security.trusted_proxies)?, secrets: secrets.to_owned() })
    }
}

/// For everybody else there is nothing here.
pub(super) async fn show(req: HttpRequest, mirror: web::Data<Mirror>) -> Result<HttpResponse> {
    let asked = req.headers().get(ASKED).and_then(|asked| asked.to_str().ok());
    if !asked.is_some_and(|asked| may_ask(asked, &mirror.secrets)) {
        return Err(Error::not_found());
    }
    let seen = Seen::of(&req, &mirror.hops);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store"))).json(seen))
}
