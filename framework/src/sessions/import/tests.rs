use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use futures_util::future::join_all;
use hmac::{Hmac, KeyInit, Mac};
use redis::cmd;
use sha2::Sha256;

use super::Import;
use crate::config::{Config, SessionImport};
use crate::redis::{Redis, RedisServer};
use crate::sessions::Sessions;
use crate::sessions::tests::cluster::open;
use crate::sessions::tests::{Browser, Gate, config, get, instance, post};

const DEADLINE: Duration = Duration::from_secs(5);

/// As Sails 1.5 writes it for a client of HTTP.
const OLD: &str = r#"{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"userId":7,"n":"41","name":"Ada \"the\" é","cart":[{"id":1,"price":1.50}],"nothing":null}"#;

fn importing() -> Config {
    let mut config = config();
    config.session.import = Some(SessionImport::Express);
    config.session.import_secret = vec!["tobiiscool".to_owned(), "an older one".to_owned()];
    config.session.import_user = Some("userId".to_owned());
    config
}

fn sessions(redis: &Redis, old: &Redis) -> Sessions {
    let config = importing();
    Sessions::importing(&config, crate::sessions::redis(redis.clone(), &config), Some(old.clone())).unwrap()
}

/// The cookie that express-session gives.
fn cookie(sid: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(sid.as_bytes());
    let signature = STANDARD_NO_PAD.encode(mac.finalize().into_bytes());
    let encoded = signature.replace('+', "%2B").replace('/', "%2F");
    format!("theme=dark; sails.sid=s%3A{sid}.{encoded}")
}

async fn kept(redis: &Redis, sid: &str, json: &str) {
    let mut set = cmd("SET");
    set.arg(format!("sess:{sid}")).arg(json).arg("EX").arg(86_400);
    redis.query::<()>(&set, DEADLINE).await.unwrap();
}

async fn keys(redis: &Redis, pattern: &str) -> Vec<String> {
    redis.query(cmd("KEYS").arg(pattern), DEADLINE).await.unwrap()
}

fn with(request: TestRequest, cookie: &str) -> TestRequest {
    request.insert_header(("cookie", cookie.to_owned()))
}

#[tokio::test]
async fn the_signature_is_that_of_cookie_signature() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server);
    let import = Import::new(redis, &importing().session, "secret").unwrap();
    // From the tests of the npm package: sign("hello", "tobiiscool").
    let real = "sails.sid=s%3Ahello.DGDUkGlIkCzPz%2BC0B064FNgHdEjox7ch8tOBGslZ5QI";
    assert_eq!(import.sid([real]).as_deref(), Some("hello"));
    assert_eq!(import.sid([&*cookie("a.b", "an older one")]).as_deref(), Some("a.b"));
    let forged = [
        "sails.sid=s%3Ahello.DGDUkGlIkCzPz%2BC0B064FNgHdEjox7ch8tOBGslZ5QJ".to_owned(),
        real.replace("hello", "hallo"),
        real.replace("s%3A", ""),
        real.replace("sails.sid", "connect.sid"),
        "sails.sid=s%3Ahello".to_owned(),
        "sails.sid=s%3".to_owned(),
        "sails.sid=s%3Ahello.".to_owned(),
        cookie("hello", "another secret"),
    ];
    for forged in forged {
        assert_eq!(import.sid([&*forged]), None, "{forged}");
    }
}

#[tokio::test]
async fn a_session_of_sails_is_taken_over_at_its_first_request_and_never_again() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server);
    let app = instance(sessions(&redis, &redis), Gate::closed()).await;
    let old = cookie("pBVSYR5ERIyW6CbhrDRdhBcAEvF3VzA2", "tobiiscool");
    kept(&redis, "pBVSYR5ERIyW6CbhrDRdhBcAEvF3VzA2", OLD).await;

    let mut browser = Browser { cookie: Some(old.clone()) };
    let answer = browser.clone().look(&app, get("/read/name")).await;
    assert_eq!(answer.body, "Ada \"the\" é");
    let cookies = answer.set_cookies;
    assert!(cookies.iter().any(|cookie| cookie.starts_with("sails.sid=;") && cookie.contains("Max-Age=0")));
    let own = cookies.iter().find(|cookie| cookie.starts_with("regatta=")).unwrap();
    browser.cookie = own.split(';').next().map(str::to_owned);
    assert_eq!(keys(&redis, "sess:*:taken").await.len(), keys(&redis, "sess:*").await.len());
    assert_eq!(browser.send(&app, get("/read/n")).await.body, "41");
    assert_eq!(browser.send(&app, get("/user")).await.body, "7");
    assert_eq!(browser.send(&app, get("/read/cookie")).await.body, "-");

    browser.send(&app, post("/logout")).await;
    let late = Browser::default().look(&app, with(get("/read/n"), &old)).await;
    assert_eq!((late.status, &*late.body), (StatusCode::OK, "-"), "a logout is not undone by the old cookie");
}

#[tokio::test]
async fn requests_that_come_together_find_one_session() {
    let server = RedisServer::start().unwrap();
    let redis = open(&server);
    let (a, b) = (
        instance(sessions(&redis, &redis), Gate::closed()).await,
        instance(sessions(&redis, &redis), Gate::closed()).await,
    );
    for round in 0..20 {
        let sid = format!("round{round}");
        kept(&redis, &sid, OLD).await;
        let old = cookie(&sid, "tobiiscool");
        let answers = join_all((0..8).map(|n| {
            let (a, b, old) = (&a, &b, &old);
            async move {
                let request = with(get("/read/n"), old);
                match n % 2 {
                    0 => Browser::default().look(a, request).await,
                    _ => Browser::default().look(b, request).await,
                }
            }
        }))
        .await;
        let mut own: Vec<_> = answers.iter().map(|answer| (&answer.body, &answer.set_cookies)).collect();
        own.dedup();
        assert_eq!((own.len(), &**own[0].0), (1, "41"), "round {round}: {own:?}");
    }
    assert_eq!(keys(&redis, "regatta:session:user:*").await.len(), 1);
}

#[tokio::test]
async fn what_can_t_be_taken_over_is_nobody_s_and_a_redis_that_is_away_is_503() {
    let mut server = RedisServer::start().unwrap();
    let (redis, own) = (open(&server), RedisServer::start().unwrap());
    let app = instance(sessions(&open(&own), &redis), Gate::closed()).await;
    let large = format!(r#"{{"cookie":{{}},"blob":"{}"}}"#, "x".repeat(70_000));
    for (sid, json) in
        [("empty", r#"{"cookie":{"httpOnly":true,"path":"/"}}"#), ("bad", "no json"), ("large", &large)]
    {
        kept(&redis, sid, json).await;
        let answer = Browser::default().look(&app, with(get("/read/n"), &cookie(sid, "tobiiscool"))).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, "-"), "{sid}");
    }
    assert_eq!(keys(&redis, "sess:*").await.len(), 3, "nothing was lost");
    let forged = Browser::default().look(&app, with(get("/read/n"), &cookie("empty", "wrong"))).await;
    assert!(forged.set_cookies.is_empty(), "the secret may be wrong: the cookie stays");
    kept(&redis, "alive", OLD).await;
    server.kill();
    let away = Browser::default().look(&app, with(get("/read/n"), &cookie("alive", "tobiiscool"))).await;
    assert_eq!((away.status, away.retry_after), (StatusCode::SERVICE_UNAVAILABLE, true));
}

#[tokio::test]
async fn an_import_without_a_secret_is_refused() {
    let server = RedisServer::start().unwrap();
    let mut config = importing();
    config.session.import_secret.clear();
    let refused = Sessions::importing(&config, crate::sessions::memory(&config), Some(open(&server)));
    assert!(refused.unwrap_err().to_string().contains("import_secret"));
}
