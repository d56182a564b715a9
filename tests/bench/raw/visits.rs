//! A counter in a session that Redis holds: read and written by every request, behind a signed cookie.

use std::collections::HashMap;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::error::ErrorInternalServerError;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use deadpool_redis::Pool;
use hmac::{Hmac, KeyInit, Mac};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde::Serialize;
use sha2::Sha256;

const COOKIE: &str = "session";
const LIFETIME_SECONDS: i64 = 24 * 3_600;

/// How a request comes to its Redis connection.
#[derive(Clone)]
pub(super) enum Store {
    /// All requests share one, their commands pipelined.
    Shared(MultiplexedConnection),
    /// Each takes one out of a pool for its time.
    Pooled(Pool),
}

/// Signs session ids, and checks the signatures.
#[derive(Clone)]
pub(super) struct Signer(Hmac<Sha256>);

#[derive(Serialize)]
struct Visits {
    visits: u64,
    instance: &'static str,
}

pub(super) async fn count(
    req: HttpRequest,
    signer: Data<Signer>,
    store: Data<Store>,
) -> Result<HttpResponse> {
    let known = req.cookie(COOKIE).and_then(|cookie| signer.verified(cookie.value()));
    let (id, is_new) = match known {
        Some(id) => (id, false),
        None => (random_id().map_err(ErrorInternalServerError)?, true),
    };
    let visits = match store.get_ref() {
        Store::Shared(connection) => visit(&mut connection.clone(), &id).await,
        Store::Pooled(pool) => {
            let mut connection = pool.get().await.map_err(ErrorInternalServerError)?;
            visit(&mut connection, &id).await
        }
    };
    let visits = visits.map_err(ErrorInternalServerError)?;
    let mut answer = HttpResponse::Ok();
    if is_new {
        let cookie =
            Cookie::build(COOKIE, signer.signed(&id)).path("/").http_only(true).same_site(SameSite::Lax);
        answer.cookie(cookie.finish());
    }
    Ok(answer.json(Visits { visits, instance: "raw" }))
}

/// Reads the session, adds one visit and writes it back.
async fn visit(connection: &mut impl AsyncCommands, id: &str) -> redis::RedisResult<u64> {
    let key = format!("raw:session:{id}");
    let session: HashMap<String, String> = connection.hgetall(&key).await?;
    let visits = session.get("visits").and_then(|visits| visits.parse().ok()).unwrap_or(0) + 1;
    let mut commit = redis::pipe();
    commit.hset(&key, "visits", visits).ignore().expire(&key, LIFETIME_SECONDS).ignore();
    commit.query_async::<()>(connection).await?;
    Ok(visits)
}

fn random_id() -> std::result::Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64.encode(bytes))
}

impl Signer {
    /// A signer with a key of its own.
    pub(super) fn random() -> std::result::Result<Self, getrandom::Error> {
        let mut key = [0_u8; 64];
        getrandom::fill(&mut key)?;
        Ok(Self(Hmac::new(&key.into())))
    }

    fn signed(&self, id: &str) -> String {
        let signature = self.0.clone().chain_update(id).finalize().into_bytes();
        format!("{id}.{}", BASE64.encode(signature))
    }

    /// The id in a cookie's value, when its signature is ours.
    fn verified(&self, value: &str) -> Option<String> {
        let (id, signature) = value.split_once('.')?;
        let signature = BASE64.decode(signature).ok()?;
        self.0.clone().chain_update(id).verify_slice(&signature).ok()?;
        Some(id.to_owned())
    }
}
