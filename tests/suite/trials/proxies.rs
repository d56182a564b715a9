//! Who a client is behind the generated proxy, behind two, or when it only says so.

use regatta_tests::http::Http;
use regatta_tests::nginx::Nginx;
use regatta_tests::socket::Socket;
use serde_json::{Value, json};

use super::cluster;

/// All a client can claim.
const CLAIMS: [(&str, &str); 5] = [
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    ("forwarded", "for=6.6.6.6;proto=https;host=evil.example"),
    ("x-real-ip", "6.6.6.6"),
];

fn seen(base: &str, headers: &[(&str, &str)]) -> Value {
    let answer = Http::new(base).send("GET", "/from", headers, "");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn what_a_client_claims_ends_at_the_generated_proxy() {
    let cluster = cluster(&[("REGATTA__SECURITY__ALLOWED_HOSTS", "127.0.0.1")]);
    let one = Nginx::new(&cluster.files().read("deploy/nginx.conf"), &cluster.ports());
    let local = json!({ "address": "127.0.0.1", "secure": false });
    for _ in 0..6 {
        assert_eq!(seen(&one.base(), &CLAIMS), local);
    }
    let mut socket = Socket::connect(&one.base(), &CLAIMS);
    assert_eq!(socket.get("/from").body, local);

    // The proxy in front of it is another one, which adds its own word as most do.
    let second =
        cluster.files().read("deploy/nginx.conf").replacen("$remote_addr", "$proxy_add_x_forwarded_for", 1);
    let port = one.base().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let two = Nginx::new(&second, &[port, port, port]);
    assert_eq!(seen(&two.base(), &CLAIMS), local);

    for base in [&one.base(), &two.base(), &cluster.bases()[0]] {
        let answer = Http::new(base).send("GET", "/from", &[("host", "evil.example")], "");
        assert_eq!(answer.status, 421, "{answer:?}");
        let claimed = Http::new(base).send("GET", "/from", &[("x-forwarded-host", "evil.example")], "");
        assert_eq!(claimed.status, 200, "that header names no host here");
    }
}

#[test]
fn trusted_hops_are_looked_through_and_nobody_else() {
    let rows = [
        // What stands in X-Forwarded-For and -Proto, and who that is for an app that trusts 127.0.0.1 and 10.0.0.0/8.
        ("198.51.100.7", "https", "198.51.100.7", true),
        ("6.6.6.6, 198.51.100.7", "http", "198.51.100.7", false),
        ("6.6.6.6, 198.51.100.7, 10.0.0.1", "https", "198.51.100.7", true),
        ("6.6.6.6, 198.51.100.7, 10.0.0.1, 10.0.0.2", "https", "198.51.100.7", true),
        ("198.51.100.7, 11.0.0.1", "http", "11.0.0.1", false),
    ];
    let trusting = cluster(&[("REGATTA__SECURITY__TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8")]);
    for base in trusting.bases() {
        for (forwarded, proto, address, secure) in rows {
            let headers = [("x-forwarded-for", forwarded), ("x-forwarded-proto", proto)];
            let expected = json!({ "address": address, "secure": secure });
            assert_eq!(seen(&base, &headers), expected, "{forwarded}");
            assert_eq!(
                Socket::connect(&base, &headers).get("/from").body,
                expected,
                "{forwarded} over a socket"
            );
        }
    }
    drop(trusting);
    let wary = cluster(&[("REGATTA__SECURITY__TRUSTED_PROXIES", "10.0.0.0/8")]);
    for base in wary.bases() {
        for (forwarded, proto, ..) in rows {
            let headers = [("x-forwarded-for", forwarded), ("x-forwarded-proto", proto)];
            assert_eq!(
                seen(&base, &headers),
                json!({ "address": "127.0.0.1", "secure": false }),
                "{forwarded}"
            );
        }
    }
    println!("P18: {} rows on 3 instances, trusted and not; one and two proxies", rows.len());
}
