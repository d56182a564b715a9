use std::collections::BTreeSet;

use regatta_tests::haproxy::Haproxy;
use regatta_tests::http::{self, Http};
use regatta_tests::nginx::Nginx;

use crate::stand_ins::site;

const NGINX: &str = "upstream app {
  server 127.0.0.1:3001 max_fails=1 fail_timeout=5s;
  server 127.0.0.1:3002 max_fails=1 fail_timeout=5s;
}
server {
  listen 80;
  listen [::]:80;
  location / { proxy_pass http://app; }
}";

const HAPROXY: &str = "defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend public
    bind :80
    default_backend app
backend app
    balance roundrobin
    option httpchk GET /readyz
    server a 127.0.0.1:3001 check
    server b 127.0.0.1:3002 check";

fn instances_seen(base: &str) -> BTreeSet<String> {
    let http = Http::new(base);
    (0..10).map(|_| http.get("/").instance()).collect()
}

#[test]
fn nginx_balances_over_the_instances_it_is_given() {
    let ports = [site("one", "page"), site("two", "page")];

    let nginx = Nginx::new(NGINX, &ports);

    assert_eq!(instances_seen(&nginx.base()), BTreeSet::from(["one".to_owned(), "two".to_owned()]));
}

#[test]
fn nginx_takes_a_whole_configuration_as_well() {
    let ports = [site("one", "page"), site("two", "page")];
    let whole = format!("user www-data;\npid /run/nginx.pid;\nevents {{ }}\nhttp {{\n{NGINX}\n}}\n");

    let nginx = Nginx::new(&whole, &ports);

    assert_eq!(instances_seen(&nginx.base()).len(), 2);
    assert!(!nginx.log().contains("[emerg]"));
}

#[test]
fn haproxy_balances_over_the_instances_it_is_given() {
    let ports = [site("one", "page"), site("two", "page")];

    let haproxy = Haproxy::new(HAPROXY, &ports);

    assert_eq!(instances_seen(&haproxy.base()).len(), 2, "{}", haproxy.log());
}

#[test]
fn the_http_client_keeps_cookies_and_takes_them_along() {
    let (one, two) = (site("one", "page"), site("two", "page"));
    let http = Http::new(&format!("http://127.0.0.1:{one}"));

    assert_eq!(http.get("/").header("x-cookie"), Some(""));
    assert_eq!(http.get("/").header("x-cookie"), Some("seen=one"));
    let elsewhere = http.at(&format!("http://127.0.0.1:{two}"));
    assert_eq!(elsewhere.page("/").header("x-cookie"), Some("seen=one"));

    assert_eq!(http.get("/missing").status, 404);
}

#[test]
fn raw_bytes_reach_the_server_as_they_are() {
    let port = site("one", "page");

    let answer = http::raw(&format!("http://127.0.0.1:{port}"), b"NONSENSE /missing\r\n\r\n");

    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}
