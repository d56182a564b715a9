//! An answer that is made once and kept ready in a map for half a minute.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, Result};
use serde::Serialize;

const FRESH: Duration = Duration::from_secs(30);

/// What was answered, by path and query, and when.
pub(super) type Kept = RwLock<HashMap<String, (Instant, Bytes)>>;

#[derive(Serialize)]
struct Headline {
    number: u32,
    text: String,
}

pub(super) async fn headlines(req: HttpRequest, kept: Data<Kept>) -> Result<HttpResponse> {
    let answer = |body| Ok(HttpResponse::Ok().content_type("application/json").body(body));
    let key = req.uri().to_string();
    let known = kept.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some((_, body)) = known.filter(|(made, _)| made.elapsed() < FRESH) {
        return answer(body);
    }
    let headlines: Vec<_> = (0..20)
        .map(|number| Headline { number, text: format!("Headline {number}: the wind turns") })
        .collect();
    let body = Bytes::from(serde_json::to_vec(&headlines)?);
    kept.write().unwrap_or_else(PoisonError::into_inner).insert(key, (Instant::now(), body.clone()));
    answer(body)
}
