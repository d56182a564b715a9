//! How files reach browsers.

use std::fs;
use std::path::Path;

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header;
use actix_web::test::{TestRequest, init_service};
use tempfile::TempDir;

use super::{Assets, service};
use crate::compression::Variants;
use crate::config::{Config, Environment};

const OLD: &str = "0123456789abcdef";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (name, text) in files {
        let path = root.path().join("assets").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn load(root: &Path, environment: Environment) -> Assets {
    Assets::load(&Config::load_with(root, environment, &[]).unwrap()).unwrap()
}

async fn get(assets: &Assets, path: &str, tag: &str) -> ServiceResponse {
    let app = init_service(actix_web::App::new().service(service(assets).unwrap())).await;
    let request = TestRequest::get().uri(path).insert_header((header::IF_NONE_MATCH, tag));
    app.call(request.to_request()).await.unwrap().map_into_boxed_body()
}

fn header<'a>(response: &'a ServiceResponse, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(response: ServiceResponse) -> String {
    String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn production_addresses_have_a_fingerprint_and_are_kept_for_ever() {
    let root =
        folder(&[("js/chat.js", "one"), ("LICENSE", "free"), ("a.min.css", "b{}"), ("my notes.txt", "hm")]);
    let assets = load(root.path(), Environment::Production);

    for (name, content) in [("js/chat.js", "one"), ("LICENSE", "free"), ("a.min.css", "b{}")] {
        let url = assets.url(name).unwrap();
        assert_ne!(url, format!("/assets/{name}"));
        let answer = get(&assets, &url, "\"other\"").await;
        assert_eq!(answer.status(), 200, "{url}");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        assert!(answer.response().extensions().contains::<Variants>(), "compressed once");
        let tag = header(&answer, "etag").to_owned();
        assert_eq!(text(answer).await, content);
        assert_eq!(get(&assets, &url, &format!("W/{tag}")).await.status(), 304);
    }
    assert_eq!(assets.url("js/gone.js"), None);
    assert_eq!(assets.url("my notes.txt").as_deref(), Some("/assets/my notes.txt"));
    let notes = get(&assets, "/assets/my%20notes.txt", "\"other\"").await;
    assert_eq!((notes.status().as_u16(), header(&notes, "cache-control")), (200, "no-cache"));
    assert_ne!(header(&notes, "etag"), "");

    let other = folder(&[("js/chat.js", "two")]);
    let other = load(other.path(), Environment::Production);
    assert_ne!(assets.url("js/chat.js"), other.url("js/chat.js"), "a changed file has another address");
}

#[tokio::test]
async fn plain_names_and_those_of_other_versions_are_asked_for_again() {
    let root = folder(&[("chat.js", "one")]);
    let assets = load(root.path(), Environment::Production);

    for path in ["/assets/chat.js".to_owned(), format!("/assets/chat.{OLD}.js")] {
        let answer = get(&assets, &path, "\"other\"").await;
        assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (200, "no-cache"));
        let tag = header(&answer, "etag").to_owned();
        assert_eq!(text(answer).await, "one");
        assert_eq!(get(&assets, &path, &tag).await.status(), 304);
    }
    for path in ["/assets/gone.js", "/assets/../Cargo.toml", "/assets/%2e%2e/Cargo.toml", "/assets/"] {
        assert!(get(&assets, path, "").await.status().is_client_error(), "{path}");
    }
}

#[tokio::test]
async fn development_serves_a_file_as_it_is_now() {
    let root = folder(&[("chat.js", "one")]);
    let assets = load(root.path(), Environment::Development);
    assert_eq!(assets.url("chat.js").as_deref(), Some("/assets/chat.js"));
    assert_eq!(assets.url("gone.js"), None);

    fs::write(root.path().join("assets/chat.js"), "two").unwrap();
    let answer = get(&assets, "/assets/chat.js", "\"other\"").await;

    assert_eq!(header(&answer, "cache-control"), "no-cache");
    let tag = header(&answer, "etag").to_owned();
    assert_eq!(text(answer).await, "two");
    assert_eq!(get(&assets, "/assets/chat.js", &tag).await.status(), 304);
}
