//! Who gets in and who does not.

#[cfg(feature = "testing")]
mod cors;
#[cfg(feature = "testing")]
mod csrf;
#[cfg(feature = "testing")]
mod hops;
#[cfg(feature = "testing")]
mod pages;
#[cfg(feature = "testing")]
mod rates;
#[cfg(feature = "testing")]
mod secrets;

use std::net::IpAddr;

use actix_web::http::header::X_FORWARDED_FOR;
use actix_web::test::TestRequest;

use super::{Hops, Origins};
use crate::config::{Config, Environment};

fn origins(list: &[&str]) -> Origins {
    let mut config = Config::load_with(std::path::Path::new("/nonexistent"), Environment::Test, &[]).unwrap();
    config.sockets.allowed_origins = list.iter().map(|origin| (*origin).to_owned()).collect();
    Origins::for_sockets(&config)
}

#[test]
fn the_own_host_and_listed_origins_are_known() {
    let origins = origins(&["https://Example.com/", "https://other.org:8443"]);
    for (origin, host) in [
        ("http://localhost:1337", "localhost:1337"),
        ("https://chat.example.com", "chat.example.com:443"),
        ("https://example.com", "elsewhere"),
        ("https://EXAMPLE.com:443", "elsewhere"),
        ("https://other.org:8443", "elsewhere"),
    ] {
        assert!(origins.knows(origin, Some(host)), "{origin} at {host}");
    }
}

#[test]
fn lookalikes_are_not_known() {
    let origins = origins(&["https://example.com"]);
    for origin in [
        "null",
        "",
        "http://example.com",
        "https://example.com.evil",
        "https://evil-example.com",
        "https://example.com:8443",
        "https://example.com@evil.com",
        "file://",
    ] {
        assert!(!origins.knows(origin, Some("elsewhere")), "{origin}");
    }
}

#[test]
fn a_page_over_http_is_none_of_an_app_that_is_public_over_https() {
    let mut config = Config::load_with(std::path::Path::new("/nonexistent"), Environment::Test, &[]).unwrap();
    let own = "chat.example.com";
    config.http.public_url = Some(format!("https://{own}"));
    let origins = Origins::for_sockets(&config);
    assert!(origins.knows("https://chat.example.com", Some(own)));
    assert!(!origins.knows("http://chat.example.com", Some(own)));
    assert!(!origins.knows("http://chat.example.com:80", Some(own)));
    assert!(
        origins.knows("http://localhost:1337", Some("localhost:1337")),
        "a host that is not the public one"
    );
}

#[test]
fn a_star_must_be_written_to_allow_every_origin() {
    assert!(origins(&["*"]).knows("https://anywhere.example", Some("here")));
    assert!(!origins(&[]).knows("https://anywhere.example", Some("here")));
}

#[test]
fn forwarded_addresses_count_only_from_trusted_proxies() {
    let hops = Hops::new(&["10.0.0.0/8".into(), "::1".into()]).unwrap();
    let client = |peer: &str, forwarded: &str| {
        let req = TestRequest::get().insert_header((X_FORWARDED_FOR, forwarded)).to_srv_request();
        hops.client(peer.parse().ok(), req.headers()).map(|address: IpAddr| address.to_string())
    };
    assert_eq!(client("10.1.2.3", "198.51.100.7").as_deref(), Some("198.51.100.7"));
    assert_eq!(client("10.1.2.3", "1.1.1.1, 198.51.100.7, 10.9.9.9").as_deref(), Some("198.51.100.7"));
    assert_eq!(client("203.0.113.9", "198.51.100.7").as_deref(), Some("203.0.113.9"));
    assert_eq!(client("10.1.2.3", "not an address").as_deref(), Some("10.1.2.3"));
    assert!(Hops::new(&["10.0.0.0/33".into()]).is_err());
}
