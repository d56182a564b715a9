//! What the files say, by what is configured and asked for.

use std::path::Path;

use super::{Site, Target, Wanted};
use crate::config::{Config, Environment, Span};

fn config(overrides: &[(&'static str, &str)]) -> Config {
    let overrides: Vec<_> = overrides.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    Config::load_with(Path::new("/nonexistent"), Environment::Development, &overrides).unwrap()
}

fn site(config: &Config, wanted: &Wanted) -> Site {
    Site::new("chat", config, wanted).unwrap()
}

fn text(target: Target, config: &Config, wanted: &Wanted) -> String {
    let files = target.files(&site(config, wanted)).unwrap();
    files.into_iter().map(|file| file.text).collect()
}

fn refusal(app: &str, config: &Config, wanted: &Wanted) -> String {
    Site::new(app, config, wanted).unwrap_err().to_string()
}

#[test]
fn limits_and_waits_are_those_of_the_configuration() {
    let config = config(&[
        ("http.body_limit", "33554432"),
        ("http.keep_alive", "45s"),
        ("http.header_timeout", "7s"),
        ("http.shutdown_timeout", "90s"),
        ("http.url_limit", "32768"),
        ("sockets.path", "/live/"),
        ("sockets.ping_interval", "100s"),
        ("sockets.ping_timeout", "50s"),
    ]);
    let wanted = Wanted::default();

    let nginx = text(Target::Nginx, &config, &wanted);
    for line in [
        "client_max_body_size 33554432;",
        "keepalive_timeout 40s;",
        "keepalive_timeout 45s;",
        "client_header_timeout 7s;",
        "large_client_header_buffers 4 36k;",
        "location /live/ {",
        "proxy_read_timeout 165s;",
    ] {
        assert!(nginx.contains(line), "{line} not in {nginx}");
    }
    let haproxy = text(Target::Haproxy, &config, &wanted);
    for line in ["gt 33554432 }", "timeout tunnel 165s", "timeout http-request 7s", "tune.bufsize 49152"] {
        assert!(haproxy.contains(line), "{line} not in {haproxy}");
    }
    assert!(text(Target::Systemd, &config, &wanted).contains("TimeoutStopSec=100\n"));
    assert!(text(Target::Upstart, &config, &wanted).contains("kill timeout 100\n"));
    assert!(text(Target::Kubernetes, &config, &wanted).contains("terminationGracePeriodSeconds: 105\n"));
}

#[test]
fn only_one_of_app_and_proxy_compresses() {
    let (app, proxy) = (config(&[]), config(&[("http.compression", "off")]));

    for target in [Target::Nginx, Target::Haproxy] {
        assert!(!text(target, &app, &Wanted::default()).contains("gzip"), "{target:?}");
        assert!(text(target, &proxy, &Wanted::default()).contains("gzip"), "{target:?}");
    }
}

#[test]
fn instances_are_on_every_port_of_every_host() {
    let wanted = |hosts: &[&str], ports: &[u16], instances| Wanted {
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        ports: ports.to_vec(),
        instances,
        ..Wanted::default()
    };
    let servers = |wanted: &Wanted| {
        let nginx = text(Target::Nginx, &config(&[]), wanted);
        let servers =
            nginx.lines().filter_map(|line| line.trim().strip_prefix("server ")).filter(|line| *line != "{");
        servers.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };

    assert_eq!(servers(&wanted(&[], &[], None)), ["127.0.0.1:3001", "127.0.0.1:3002", "127.0.0.1:3003"]);
    assert_eq!(servers(&wanted(&[], &[], Some(1))), ["127.0.0.1:3001"]);
    assert_eq!(servers(&wanted(&[], &[8000], Some(2))), ["127.0.0.1:8000", "127.0.0.1:8001"]);
    assert_eq!(
        servers(&wanted(&["a.internal", "::1"], &[7, 8], None)),
        ["a.internal:7", "a.internal:8", "[::1]:7", "[::1]:8"]
    );
    assert!(refusal("chat", &config(&[]), &wanted(&[], &[1, 2], Some(3))).contains("leave one of them out"));
    assert!(refusal("chat", &config(&[]), &wanted(&[], &[u16::MAX], Some(2))).contains("begin lower"));
}

#[test]
fn the_public_address_decides_about_tls() {
    let plain = text(Target::Nginx, &config(&[]), &Wanted::default());
    assert!(plain.contains("listen 8080;") && !plain.contains("ssl"), "{plain}");

    let http = config(&[("http.public_url", "http://chat.example:8081")]);
    let http = text(Target::Nginx, &http, &Wanted::default());
    assert!(
        http.contains("listen 8081;\n        server_name chat.example;") && !http.contains("ssl"),
        "{http}"
    );

    let https = config(&[("http.public_url", "https://Chat.example")]);
    let domain = Wanted { domain: Some("chat.example".to_owned()), ..Wanted::default() };
    let https = text(Target::Nginx, &https, &Wanted::default());
    assert!(
        https.contains("listen 443 ssl http2;") && https.contains("/live/chat.example/privkey.pem"),
        "{https}"
    );
    assert_eq!(https, text(Target::Nginx, &config(&[]), &domain));
}

#[test]
fn answers_to_people_without_a_cookie_are_kept_only_when_asked_for() {
    let keep = Wanted { keep: Some(Span::seconds(2)), ..Wanted::default() };

    assert!(!text(Target::Nginx, &config(&[]), &Wanted::default()).contains("proxy_cache_valid"));
    assert!(text(Target::Nginx, &config(&[]), &keep).contains("proxy_cache_valid 200 2s;"));
    assert!(text(Target::Varnish, &config(&[]), &keep).contains("set beresp.ttl = 2s;"));
}

#[test]
fn a_value_that_would_need_quotes_is_refused() {
    let named = |domain: &str| Wanted { domain: Some(domain.to_owned()), ..Wanted::default() };
    for wrong in ["a;b", "a b", "$host", "a\nb", "", "-a", "ä.example"] {
        assert!(refusal("chat", &config(&[]), &named(wrong)).contains("is no host"), "{wrong:?}");
    }
    let wanted = Wanted::default();
    for wrong in ["Chat", "my chat", "%i", "", "1chat"] {
        assert!(refusal(wrong, &config(&[]), &wanted).contains("App::new"), "{wrong:?}");
    }
    for wrong in ["/a b/", "/{x}/", "live/", "/$uri/", "/\"/"] {
        let config = config(&[("sockets.path", wrong)]);
        assert!(refusal("chat", &config, &wanted).contains("config/sockets.toml"), "{wrong:?}");
    }
    for wrong in ["chat.example", "ftp://chat.example", "https://", "https://a b"] {
        let config = config(&[("http.public_url", wrong)]);
        assert!(refusal("chat", &config, &wanted).contains("https://chat.example.com"), "{wrong:?}");
    }
    let config = config(&[("views.folder", "my views")]);
    assert!(refusal("chat", &config, &wanted).contains("config/views.toml"));
}

#[test]
fn what_would_not_work_is_told() {
    let hosts = Wanted { hosts: vec!["10.0.0.5".to_owned()], ..Wanted::default() };
    let notes = |config: &Config, wanted: &Wanted| site(config, wanted).notes().join("\n");

    let open = config(&[("http.host", "0.0.0.0"), ("security.trusted_proxies", "10.0.0.4")]);
    assert!(notes(&config(&[]), &hosts).contains("config/http.toml"));
    assert!(notes(&config(&[]), &hosts).contains("trusted_proxies"));
    assert!(!notes(&open, &hosts).contains("config/"));
}
