//! What clients get in which coding.

use std::io::Read;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpResponse, web};
use futures_util::stream;

use super::accept::choose;
use super::{Coding, Compress, weaken};
use crate::App;
use crate::config::{Config, Environment};
use crate::testing::{TestApp, TestResponse};

fn chosen(header: &str) -> &'static str {
    choose(header).map_or("identity", Coding::name)
}

#[test]
fn the_coding_a_client_likes_best_is_chosen() {
    let ours = Coding::PREFERRED[0].name();
    for (header, expected) in [
        ("gzip, deflate, br, zstd", ours),
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP;Q=1", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0.2, gzip;q=0.2, zstd;q=0", "br"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.5, identity;q=0.9", "identity"),
        ("identity;q=0.5, gzip", "gzip"),
        ("*", ours),
        ("*, br;q=0, zstd;q=0", "gzip"),
        ("*;q=0", "identity"),
        ("deflate, compress", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=many", "identity"),
        ("", "identity"),
        (",;,", "identity"),
    ] {
        assert_eq!(chosen(header), expected, "{header:?}");
    }
}

#[test]
fn a_strong_tag_becomes_weak_and_a_weak_one_stays() {
    for (tag, expected) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, HeaderValue::from_static(tag));
        weaken(&mut headers);
        assert_eq!(headers.get(header::ETAG).unwrap(), expected);
    }
}

#[test]
fn the_proxy_may_be_left_to_do_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = |value: &str| {
        let overrides = [("http.compression", value.to_owned())];
        Config::load_with(folder.path(), Environment::Production, &overrides).unwrap().http
    };
    assert!(Compress::new(&config("off")).is_none());
    assert!(Compress::new(&config("auto")).is_some());
}

/// 40 kB of text that repeats itself.
fn long() -> String {
    "the quick brown fox jumps over the lazy dog ".repeat(1_000)
}

fn app() -> App {
    App::new("compressed").routes(|r| {
        r.get("/long", async || {
            HttpResponse::Ok().insert_header(("etag", "\"x\"")).content_type("text/plain").body(long())
        });
        r.get("/huge", async || HttpResponse::Ok().content_type("application/json").body(long().repeat(20)));
        r.get("/short", async || "hi");
        r.get("/picture", async || HttpResponse::Ok().content_type("image/png").body(long()));
        r.get("/events", async || HttpResponse::Ok().content_type("text/event-stream").body(long()));
        r.get("/untouched", async || {
            HttpResponse::Ok()
                .content_type("text/html")
                .insert_header(("cache-control", "no-transform"))
                .body(long())
        });
        r.get("/encoded", async || {
            HttpResponse::Ok()
                .content_type("text/html")
                .insert_header(("content-encoding", "deflate"))
                .body(long())
        });
        r.get("/part", async || {
            HttpResponse::PartialContent()
                .content_type("text/html")
                .insert_header(("content-range", "bytes 0-9/99"))
                .body(long())
        });
        r.get("/stream", async || {
            let pieces =
                ["one ", "two ", "three"].map(|piece| Ok::<_, crate::Error>(web::Bytes::from(piece)));
            HttpResponse::Ok().content_type("text/html").streaming(stream::iter(pieces))
        });
    })
}

fn unpacked(answer: &TestResponse) -> String {
    let mut text = String::new();
    match answer.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(answer.bytes()).read_to_string(&mut text).unwrap(),
        Some("br") => brotli::Decompressor::new(answer.bytes(), 4_096).read_to_string(&mut text).unwrap(),
        #[cfg(feature = "zstd")]
        Some("zstd") => {
            zstd::stream::read::Decoder::new(answer.bytes()).unwrap().read_to_string(&mut text).unwrap()
        }
        other => panic!("in {other:?}"),
    };
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn large_text_is_compressed_in_every_coding_and_says_so() {
    let app = TestApp::start(app()).await;
    for coding in Coding::PREFERRED.iter().map(|coding| coding.name()) {
        for (path, text) in [("/long", long()), ("/huge", long().repeat(20))] {
            let answer = app.get(path).header("Accept-Encoding", coding).await;
            assert_eq!(answer.header("content-encoding"), Some(coding));
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert!(answer.bytes().len() < text.len() / 20, "{} bytes", answer.bytes().len());
            assert_eq!(unpacked(&answer), text);
        }
        let streamed = app.get("/stream").header("Accept-Encoding", coding).await;
        assert_eq!(unpacked(&streamed), "one two three");
    }
    assert_eq!(app.get("/long").header("Accept-Encoding", "br").await.header("etag"), Some("W/\"x\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_should_not_be_compressed_is_sent_as_it_is() {
    let app = TestApp::start(app()).await;
    for path in ["/short", "/picture", "/events", "/untouched", "/part"] {
        let answer = app.get(path).header("Accept-Encoding", "br, gzip").await;
        assert_eq!(answer.header("content-encoding"), None, "{path}");
    }
    let encoded = app.get("/encoded").header("Accept-Encoding", "br, gzip").await;
    assert_eq!((encoded.header("content-encoding"), encoded.text()), (Some("deflate"), long()));
    let polled = app.get("/socket.io/?EIO=4&transport=polling").header("Accept-Encoding", "br").await;
    assert_eq!((polled.status(), polled.header("content-encoding")), (200, None));
    let plain = app.get("/long").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    assert_eq!((plain.header("etag"), plain.text()), (Some("\"x\""), long()));
}
