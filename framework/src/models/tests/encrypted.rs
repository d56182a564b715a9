//! What is encrypted, and what is said where one side does not accept the other.

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::Model;
use super::postgres::Server;
use super::{Db, Person, Recorder, models, open_at};
use crate::config::DatastoreConfig;
use crate::tls::tests::Certificates;

/// The address without what it says about encryption.
fn bare(server: &Server) -> String {
    server.url("postgres").split('?').next().unwrap().to_owned()
}

async fn is_encrypted(config: &DatastoreConfig) -> bool {
    let (db, _) = open_at(config, Path::new("/"), models());
    let asked = sqlx::query_scalar("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    asked.fetch_one(db.postgres().unwrap()).await.unwrap()
}

/// Why there is no connection, said at once.
async fn refusal(config: &DatastoreConfig) -> String {
    let (db, _) = open_at(config, Path::new("/"), models());
    let started = Instant::now();
    let error = Person::find().all(&db).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(error.status(), 503, "{error}");
    error.to_string()
}

/// Why the app does not start.
fn refused(url: &str, change: impl FnOnce(&mut DatastoreConfig)) -> String {
    let mut config = DatastoreConfig::at(url);
    change(&mut config);
    let datastores = [("default".to_owned(), &config)];
    let opened =
        Db::open_at(&datastores, Path::new("/"), 2, models(), std::sync::Arc::new(Recorder::default()));
    opened.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_address_and_the_files_ask_for_is_what_comes() {
    let certificates = Certificates::local();
    let server = Server::start_encrypted(&certificates);
    let url = bare(&server);
    for (query, expected) in [("", true), ("?sslmode=disable", false), ("?sslmode=require", true)] {
        let config = DatastoreConfig::at(&format!("{url}{query}"));
        assert_eq!(is_encrypted(&config).await, expected, "{query}");
    }
    let mut config = DatastoreConfig::at(&url);
    config.ca_file = Some(certificates.ca());
    assert!(is_encrypted(&config).await);
    let (cert, key) = certificates.client();
    (config.cert_file, config.key_file) = (Some(cert), Some(key));
    assert!(is_encrypted(&config).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_trusted_is_refused_at_once() {
    let certificates = Certificates::of("DNS:db.example");
    let server = Server::start_encrypted(&certificates);
    let mut config = DatastoreConfig::at(&bare(&server));
    config.ca_file = Some(certificates.ca());
    let said = refusal(&config).await;
    assert!(said.contains("db.example") && said.contains("write a host of its certificate"), "{said}");

    config.url = format!("{}?sslmode=verify-ca", bare(&server));
    assert!(is_encrypted(&config).await, "the authority is enough");

    let other = Certificates::local();
    config.ca_file = Some(other.ca());
    for config in [config, DatastoreConfig::at(&format!("{}?sslmode=verify-full", bare(&server)))] {
        let said = refusal(&config).await;
        assert!(said.contains("as `ca_file`"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_address_names_and_nobody_finds_is_told() {
    let server = Server::start_encrypted(&Certificates::local());
    let query = "?sslmode=verify-full&sslrootcert=/nowhere/ca.pem";
    let said = refusal(&DatastoreConfig::at(&format!("{}{query}", bare(&server)))).await;
    assert!(said.contains("/nowhere/ca.pem") && said.contains("is not there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_encryption_is_refused_where_it_is_asked_for() {
    let server = Server::start();
    let said = refusal(&DatastoreConfig::at(&format!("{}?sslmode=require", bare(&server)))).await;
    assert!(said.contains("server does not support TLS; switch encryption on there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_meant_is_refused_when_the_app_starts() {
    let certificates = Certificates::local();
    let url = "postgres://ann:secret@db.example/app";
    for mode in ["prefer", "require"] {
        let said =
            refused(&format!("{url}?sslmode={mode}"), |config| config.ca_file = Some(certificates.ca()));
        assert!(said.contains("`ca_file` is set") && said.contains("would not be checked"), "{said}");
        assert!(said.contains("write sslmode=verify-full") && !said.contains("secret"), "{said}");
    }
    let said = refused(&format!("{url}?sslmode=disable"), |config| config.ca_file = Some(certificates.ca()));
    assert!(said.contains("would not be encrypted"), "{said}");
    let said = refused(url, |config| config.ca_file = Some("/nowhere/ca.pem".into()));
    assert!(said.contains("/nowhere/ca.pem, which can't be used"), "{said}");
    let said = refused(&format!("{url}?sslmode=require&sslrootcert=/ca.pem"), |_| ());
    assert!(said.contains("`sslrootcert` is set"), "{said}");
}
