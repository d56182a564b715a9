//! The same over TLS, and what is said where one side does not accept the other.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use redis::cmd;
use tokio::runtime::Handle;

use super::super::{Redis, RedisError, RedisServer};
use super::{eventually, ping};
use crate::config::DatastoreConfig;
use crate::tls::tests::Certificates;

fn open(config: &DatastoreConfig) -> Redis {
    Redis::open(config, &Handle::current()).unwrap()
}

/// Why there is no connection, which has to be clear within the time one may take.
async fn refusal(config: &DatastoreConfig) -> String {
    let redis = open(config);
    let started = Instant::now();
    let error = redis.query::<String>(&cmd("PING"), Duration::from_secs(5)).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(1300), "{:?}", started.elapsed());
    assert!(matches!(error, RedisError::Away { .. }), "{error:?}");
    let heard = redis
        .listen(&[], &["news".to_owned()])
        .await
        .err()
        .expect("no connection for channels either")
        .to_string();
    let text = error.to_string();
    assert!(text.contains(&heard), "{text} / {heard}");
    let pool = redis.dedicated().await.err().expect("nor one of the pool").to_string();
    assert!(pool.contains(&heard), "{pool} / {heard}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_channels_and_the_pool_work_and_come_back() {
    let mut server = RedisServer::start_encrypted(&Certificates::local()).unwrap();
    let redis = open(&server.datastore());
    assert_eq!(ping(&redis).await.unwrap(), "PONG");
    assert!(!redis.check().run().await.is_error());
    let mut lent = redis.dedicated().await.unwrap();
    assert_eq!(cmd("PING").query_async::<String>(&mut *lent).await.unwrap(), "PONG");
    drop(lent);
    assert!(redis.dedicated().await.is_ok());
    let (mut mouth, mut ear) = redis.listen(&["n*".to_owned()], &[]).await.unwrap();
    redis.query::<i64>(cmd("PUBLISH").arg("news").arg("hi"), Duration::from_secs(5)).await.unwrap();
    let heard = ear.next().await.unwrap();
    assert_eq!((heard.channel(), heard.pattern(), heard.payload()), ("news", Some("n*"), &b"hi"[..]));
    mouth.ping().await.unwrap();

    server.kill();
    eventually(async || matches!(ping(&redis).await, Err(RedisError::Away { .. }))).await;
    server.restart().unwrap();
    eventually(async || ping(&redis).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_works_as_an_address_does() {
    let server = RedisServer::start_encrypted(&Certificates::of("DNS:localhost")).unwrap();
    let mut config = server.datastore();
    config.url = config.url.replace("127.0.0.1", "localhost");
    assert_eq!(ping(&open(&config)).await.unwrap(), "PONG");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_a_certificate_is_shown_ours() {
    let certificates = Certificates::local();
    let server = RedisServer::start_for_known(&certificates).unwrap();
    let mut config = server.datastore();
    let said = refusal(&config).await;
    assert!(said.contains("name one it accepts as `cert_file` and its key as `key_file`"), "{said}");
    let (cert, key) = certificates.client();
    (config.cert_file, config.key_file) = (Some(cert), Some(key));
    assert_eq!(ping(&open(&config)).await.unwrap(), "PONG");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_authority_is_refused() {
    let server = RedisServer::start_encrypted(&Certificates::local()).unwrap();
    let mut config = server.datastore();
    let system = DatastoreConfig::at(&config.url);
    config.ca_file = Some(Certificates::local().ca());
    let missing = Redis::open(&config, &Handle::current()).unwrap_err().to_string();
    assert!(missing.contains("`ca_file`") && missing.contains("can't be used (No such file"), "{missing}");
    let other = Certificates::local();
    config.ca_file = Some(other.ca());
    for config in [config, system] {
        let said = refusal(&config).await;
        assert!(said.contains("invalid peer certificate") && said.contains("as `ca_file`"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_host_is_refused() {
    let server = RedisServer::start_encrypted(&Certificates::of("DNS:db.example")).unwrap();
    let said = refusal(&server.datastore()).await;
    assert!(said.contains("127.0.0.1") && said.contains("db.example"), "{said}");
    assert!(said.contains("write a host of its certificate into `url`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sides_that_do_not_both_encrypt_are_told_apart() {
    let plain = RedisServer::start().unwrap();
    let said = refusal(&DatastoreConfig::at(&plain.url().replace("redis:", "rediss:"))).await;
    assert!(said.contains("write redis:// or the port of its tls-port"), "{said}");

    let encrypted = RedisServer::start_encrypted(&Certificates::local()).unwrap();
    let said = refusal(&DatastoreConfig::at(&encrypted.url().replace("rediss:", "redis:"))).await;
    assert!(said.contains("write rediss://"), "{said}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let said = refusal(&DatastoreConfig::at(&format!("rediss://{}", silent.local_addr().unwrap()))).await;
    assert!(said.contains("it accepts connections but does not answer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_meant_is_refused_when_the_app_starts() {
    let certificates = Certificates::local();
    let refused = |url: &str, change: fn(&mut DatastoreConfig, &Certificates)| {
        let mut config = DatastoreConfig::at(url);
        change(&mut config, &certificates);
        Redis::open(&config, &Handle::current()).unwrap_err().to_string()
    };
    let said = refused("redis://u:secret@host", |config, made| config.ca_file = Some(made.ca()));
    assert!(said.contains("write rediss:// instead of redis://") && !said.contains("secret"), "{said}");
    let said = refused("rediss://host", |config, made| config.cert_file = Some(made.cert()));
    assert!(said.contains("without `key_file`"), "{said}");
    let said = refused("rediss://host", |config, made| config.ca_file = Some(made.key()));
    assert!(said.contains("no line with -----BEGIN CERTIFICATE-----"), "{said}");
    let said = refused("rediss://host/#insecure", |_, _| ());
    assert!(said.contains("take `#insecure` out"), "{said}");
}
