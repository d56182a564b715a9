use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Address;
use super::answers::{judge_compression, judge_cookie};
use super::exchange::{parse, unchunked};
use super::forwarded::judge;
use crate::health::Finding;
use crate::security::{Seen, ask_seen, may_ask};

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn an_address_is_a_scheme_and_a_host() {
    for (text, authority) in [
        ("https://chat.example.com", "chat.example.com"),
        ("https://chat.example.com/", "chat.example.com"),
        ("HTTP://Chat.example:8080", "chat.example:8080"),
        ("https://[::1]:443", "[::1]"),
        ("http://[::1]:8080", "[::1]:8080"),
    ] {
        assert_eq!(address(text).authority(), authority, "{text}");
    }
    for wrong in [
        "chat.example.com",
        "ftp://a",
        "https://",
        "https://a:b",
        "https://a/path",
        "https://a b",
        "https://-a",
    ] {
        assert!(wrong.parse::<Address>().is_err(), "{wrong}");
    }
}

#[test]
fn an_answer_is_read_as_it_was_sent() {
    let answer = parse(b"HTTP/1.1 200 OK\r\nVary: a\r\nvary: b\r\n\r\n").unwrap();
    assert_eq!((answer.status, answer.headers("vary").collect::<Vec<_>>()), (200, vec!["a", "b"]));
    assert!(parse(b"nonsense\r\n\r\n").is_none());
    assert_eq!(unchunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), b"abcde");
    assert_eq!(unchunked(b"ff\r\nshort"), b"short");
}

fn seen() -> Seen {
    Seen {
        peer: Some("127.0.0.1".to_owned()),
        is_trusted: true,
        client: Some("198.51.100.4".to_owned()),
        is_secure: true,
        host: Some("chat.example".to_owned()),
        forwarded_for: Some("198.51.100.4".to_owned()),
        forwarded_proto: Some("https".to_owned()),
    }
}

fn said(seen: &Seen, url: &str) -> String {
    judge(seen, &address(url)).iter().map(Finding::text).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_proxy_says_who_asks_and_lets_nobody_claim_it() {
    let url = "https://chat.example";
    assert!(matches!(judge(&seen(), &address(url))[..], [Finding::Good(_)]));

    let forged = Seen { client: Some("203.0.113.77".to_owned()), ..seen() };
    assert!(said(&forged, url).contains("may claim any address"));
    let silent = Seen { forwarded_for: None, client: Some("127.0.0.1".to_owned()), ..seen() };
    assert!(said(&silent, url).contains("does not say who asks"));
    let stranger = Seen { is_trusted: false, is_secure: false, ..seen() };
    assert!(said(&stranger, url).contains("add \"127.0.0.1\" to trusted_proxies"));
    let plain = Seen { is_secure: false, forwarded_proto: None, ..seen() };
    assert!(said(&plain, url).contains("take encrypted requests for plain ones"));
    assert!(said(&seen(), "http://chat.example").contains("may claim to be encrypted"));
    let renamed = Seen { host: Some("app".to_owned()), ..seen() };
    assert!(said(&renamed, url).contains("instead of `chat.example`"));

    // Nobody is in between, and what the client claims is not believed.
    let direct = Seen {
        is_trusted: false,
        is_secure: false,
        client: Some("10.0.0.9".to_owned()),
        forwarded_for: Some("203.0.113.77".to_owned()),
        ..seen()
    };
    assert!(matches!(judge(&direct, &address("http://chat.example"))[..], [Finding::Good(_)]));
}

#[test]
fn only_who_knows_a_secret_is_shown_what_an_instance_sees() {
    let secrets = ["new-0f1e2d3c4b5a".to_owned(), "old-69788796a5b4".to_owned()];
    for secret in &secrets {
        assert!(may_ask(&ask_seen(secret), &secrets));
    }
    assert!(!may_ask(&ask_seen("another"), &secrets));
    let (_, signature) =
        ask_seen(&secrets[0]).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for wrong in
        ["", ".", "1.", "x.00", &format!("1.{signature}"), &format!("99999999999.{signature}"), "1.é"]
    {
        assert!(!may_ask(wrong, &secrets), "{wrong}");
    }
}

#[test]
fn a_cookie_fits_the_address() {
    let (https, http) = (address("https://chat.example"), address("http://chat.example"));
    let (secure, plain) = ("a=b; path=/; secure; httponly", "a=secure; path=/");
    assert!(matches!(judge_cookie(&https, secure), Finding::Good(_)));
    assert!(matches!(judge_cookie(&https, plain), Finding::Warning(_)));
    assert!(judge_cookie(&http, secure).text().contains("browsers drop it"));
    assert!(matches!(judge_cookie(&http, plain), Finding::Hint(_)));
}

#[test]
fn what_is_compressed_twice_is_an_error() {
    let gzip = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let text = b"a text that is long enough".as_slice();
    let once = gzip(text);
    let twice = gzip(&once);
    assert!(matches!(judge_compression("gzip", &once, text), Finding::Good(_)));
    assert!(judge_compression("gzip", &twice, text).text().contains("compressed twice"));
    assert!(judge_compression("br, gzip", &once, text).text().contains("compressed twice"));
    assert!(matches!(judge_compression("", text, text), Finding::Hint(_)));
    assert!(matches!(judge_compression("br", text, text), Finding::Warning(_)));
    assert!(judge_compression("gzip", &once, b"another").is_error());
}
