//! What a proxy does to requests.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use regatta_tests::haproxy::Haproxy;
use regatta_tests::nginx::{self, Nginx};
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::{App, succeed};
use regatta_tests::wait::{START, until_true};
use regatta_tests::workdir::Workdir;

use super::{SECRET, Seen, examine};
use crate::deploy::made;

/// Two instances that share a Redis.
struct Site {
    ports: Vec<u16>,
    _instances: Vec<Process>,
    redis: Redis,
    app: App,
}

impl Site {
    fn new() -> Self {
        let (app, redis) = (App::new(), Redis::new());
        let mut site = Self { ports: ports::range(2).collect(), _instances: Vec::new(), redis, app };
        let url = site.redis.url();
        let lift = |port: &u16| site.app.lift_one(*port, &site.settings(&url)).0;
        site._instances = site.ports.iter().map(lift).collect();
        site
    }

    fn settings<'a>(&self, url: &'a str) -> [(&'static str, &'a str); 3] {
        [("REGATTA__SOCKETS__ADAPTER", "redis"), ("REDIS_URL", url), ("SESSION_SECRET", SECRET)]
    }

    fn file(&self, of: &str) -> String {
        made(&self.app, &[of, "--ports", &format!("{}-{}", self.ports[0], self.ports[1])])
    }

    #[track_caller]
    fn examine(&self, base: &str, more: &[(&str, &str)]) -> Seen {
        let url = self.redis.url();
        let settings = [self.settings(&url).as_slice(), more].concat();
        examine(&self.app, &["--url", base], &settings)
    }
}

#[test]
fn the_generated_files_are_as_they_should_be() {
    let site = Site::new();
    let (nginx, haproxy) =
        (Nginx::new(&site.file("nginx"), &site.ports), Haproxy::new(&site.file("haproxy"), &site.ports));
    for base in [nginx.base(), haproxy.base()] {
        let seen = site.examine(&base, &[]);
        let ok = seen.at("ok");
        for part in [
            "a WebSocket comes through, in both directions",
            "clients that poll come through",
            "believe no forged header",
            "texts are compressed, once",
            "is ready",
        ] {
            assert!(ok.iter().any(|text| text.contains(part)), "{base}: {part} is not in {ok:?}: {seen:?}");
        }
        assert_eq!(seen.code, 0, "{seen:?}");
        assert_eq!(seen.at("warning").iter().filter(|text| text.starts_with("proxy")).count(), 0, "{seen:?}");
    }
}

#[test]
fn an_nginx_without_the_lines_that_matter_is_told() {
    let site = Site::new();
    let file = site.file("nginx");
    let without = |parts: &[&str]| {
        let lines = file.lines().filter(|line| !parts.iter().any(|part| line.contains(part)));
        lines.collect::<Vec<_>>().join("\n")
    };
    let no_upgrade =
        Nginx::new(&without(&["proxy_set_header Upgrade", "proxy_set_header Connection"]), &site.ports);
    let seen = site.examine(&no_upgrade.base(), &[]);
    assert_eq!(seen.code, 1);
    assert!(
        seen.one("error", "proxy websocket").contains("proxy_set_header Upgrade $http_upgrade"),
        "{seen:?}"
    );

    let believing = Nginx::new(&without(&["proxy_set_header X-Forwarded"]), &site.ports);
    let seen = site.examine(&believing.base(), &[]);
    seen.one("error", "may claim any address");
    seen.one("error", "may claim to be encrypted");

    let renamed = Nginx::new(&without(&["proxy_set_header Host"]), &site.ports);
    let seen = site.examine(&renamed.base(), &[]);
    assert!(seen.one("error", "instead of `127").contains("`app`"), "{seen:?}");
    seen.one("error", "proxy websocket: pages of");

    let twice = Nginx::new(
        &file.replacen("http {", "http {\n gzip on; gzip_proxied any; gzip_types *;\n", 1).replacen(
            "location / {",
            "location / {\n add_header Content-Encoding gzip;\n",
            1,
        ),
        &site.ports,
    );
    let seen = site.examine(&twice.base(), &[]);
    assert!(seen.one("error", "proxy compression").contains("compressed twice"), "{seen:?}");
}

/// The address of a server that sends its one client elsewhere.
fn leads_to(place: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        let (mut client, _) = listener.accept()?;
        let _ = client.read(&mut [0; 1_024])?;
        client.write_all(
            format!("HTTP/1.1 301 Moved\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n").as_bytes(),
        )
    });
    base
}

#[test]
fn a_stranger_and_a_wrong_secret_are_told() {
    let site = Site::new();
    let nginx = Nginx::new(&site.file("nginx"), &site.ports);

    let seen = site.examine(&nginx.base(), &[("SESSION_SECRET", "another secret: 0f9e8d7c6b5a49382716")]);
    assert!(seen.one("warning", "proxy headers").contains("the SESSION_SECRET of the instances"), "{seen:?}");

    // Something answers that is not the app.
    let other = format!("http://127.0.0.1:{}", site.redis.port());
    assert_eq!(site.examine(&other, &[]).code, 1);
    let elsewhere = leads_to("https://chat.example/livez");
    let seen = site.examine(&elsewhere, &[]);
    assert!(seen.one("error", "proxy: ").ends_with("--url https://chat.example/"), "{seen:?}");
    let nobody = format!("http://127.0.0.1:{}", ports::free());
    assert!(site.examine(&nobody, &[]).one("error", "proxy: ").contains("can't be reached"));
}

#[test]
fn an_encrypted_site_is_looked_at_as_browsers_see_it() {
    let site = Site::new();
    let (folder, port) = (Workdir::new(), ports::free());
    succeed(
        Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
            ])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-keyout", "key.pem", "-out", "cert.pem"])
            .current_dir(folder.path()),
    );
    let encrypted = format!(
        "listen {port} ssl; ssl_certificate {0}/cert.pem; ssl_certificate_key {0}/key.pem;",
        folder.path().display()
    );
    let file = nginx::edited(&site.file("nginx"), port, &site.ports, folder.path());
    let file = file.replacen(&format!("listen {port};"), &encrypted, 1);
    let path = folder.path().join("nginx.conf");
    fs::write(&path, file).expect("nginx.conf");
    let mut command = Command::new("nginx");
    command.arg("-c").arg(&path).arg("-p").arg(folder.path()).args(["-e", "stderr", "-g", "daemon off;"]);
    let _nginx = Process::start("nginx", &mut command, folder.path());
    until_true("nginx listens", START, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let base = format!("https://localhost:{port}");
    let authority = folder.path().join("cert.pem");
    let authority = ("SSL_CERT_FILE", authority.to_str().expect("a path"));

    let seen = site.examine(&base, &[authority, ("REGATTA__SESSION__COOKIE_SECURE", "true")]);
    assert_eq!(seen.code, 0, "{seen:?}");
    seen.one("ok", "proxy websocket");
    seen.one("ok", "believe no forged header");
    // The instances run without it.
    assert!(seen.one("warning", "proxy cookie").contains("set cookie_secure = true"), "{seen:?}");

    let seen = site.examine(&base, &[]);
    assert_eq!(seen.code, 1);
    assert!(seen.one("error", "proxy: ").contains("not to be trusted"), "{seen:?}");
}
