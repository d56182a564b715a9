//! Three instances behind the proxies that `deploy` makes files for: what works, and what fails when an instance goes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::INSTANCES;
use regatta_tests::haproxy::Haproxy;
use regatta_tests::http::Http;
use regatta_tests::nginx::Nginx;
use regatta_tests::node::Node;
use regatta_tests::ports;
use regatta_tests::postgres::Postgres;
use regatta_tests::process::{Process, Signal};
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use regatta_tests::varnish::Varnish;
use regatta_tests::wait::{SOON, START, until_true};
use serde_json::json;

use crate::chat::named;
use crate::deploy::made;

/// The writers of the load: each may have a request with the instance that goes.
const IN_FLIGHT: usize = 2;
/// Varnish can't tell a refused connection from a broken one, so it sends no POST again: what writers lose until its probe
/// has noticed, half a second later.
const UNNOTICED: usize = 200;

/// Instances without a parent, each stopped as a service manager stops one.
struct Fleet {
    instances: Vec<(Process, String)>,
    ports: Vec<u16>,
    app: App,
    _redis: Redis,
    _postgres: Postgres,
}

const SECRET: &str = "9f3c1b7ad2e85604fb6a08d7c35e91427d0b6ea4583c29f1";

impl Fleet {
    /// In production, where assets have fingerprints.
    fn start() -> Self {
        let (app, redis, postgres) = (App::new(), Redis::new(), Postgres::new());
        let (url, database) = (redis.url(), postgres.url());
        let settings = [
            ("REGATTA_ENV", "production"),
            // Longer than the proxies take to notice.
            ("REGATTA__HTTP__DRAIN_DELAY", "2s"),
            ("REDIS_URL", &url),
            ("DATABASE_URL", &database),
            ("SESSION_SECRET", SECRET),
            ("PUBLIC_URL", "http://127.0.0.1"),
            ("REGATTA__SESSION__COOKIE_SECURE", "false"),
            ("REGATTA__SESSION__COOKIE_NAME", "chat"),
            ("REGATTA__SOCKETS__ALLOWED_ORIGINS", "*"),
            ("REGATTA__HTTP__WORKERS", "1"),
        ];
        let migrated = app.command(&["migrate"]).envs(settings).output().expect("the app's binary");
        assert!(migrated.status.success(), "{migrated:?}");
        let ports: Vec<u16> = ports::range(INSTANCES).collect();
        let lift = |port: &u16| app.lift(&["--port".to_owned(), port.to_string()], &settings);
        let bases = ports.iter().map(|port| format!("http://127.0.0.1:{port}"));
        let instances: Vec<_> = ports.iter().map(lift).zip(bases).collect();
        for (_, base) in &instances {
            regatta_tests::http::wait_ready(base, START);
        }
        Self { instances, ports, app, _redis: redis, _postgres: postgres }
    }

    /// The file that the command makes for these instances.
    fn made(&self, arguments: &[&str]) -> String {
        let range = format!("{}-{}", self.ports[0], self.ports[usize::from(INSTANCES) - 1]);
        made(&self.app, &[arguments, &["--ports", &range]].concat())
    }

    fn nginx(&self, arguments: &[&str]) -> Nginx {
        Nginx::new(&self.made(&[&["nginx"], arguments].concat()), &self.ports)
    }

    fn haproxy(&self) -> Haproxy {
        Haproxy::new(&self.made(&["haproxy"]), &self.ports)
    }
}

/// What a visitor, a socket and a client that polls do, through a proxy.
fn everything_works(base: &str) {
    let http = named(base, "Ann");
    for visit in 1..=6 {
        assert_eq!(http.get("/visits").json()["visits"], visit);
    }
    let said = http.post_json("/message", &json!({"body": "through a proxy"}));
    assert_eq!(said.status, 200, "{said:?}");

    let mut socket = Socket::connect(base, &[("cookie", &http.cookie())]);
    assert_eq!(socket.post("/room/join", &json!({})).status, 200);
    assert_eq!(socket.get("/message").body[0]["body"], "through a proxy");

    let mut client = Node::start("socket-io.mjs");
    let headers = json!({"cookie": http.cookie(), "origin": base});
    let connected = client.run(
        &json!({"do": "connect", "url": base, "version": 4, "transports": ["polling"], "headers": headers}),
    );
    assert!(connected["id"].is_string(), "{connected}");
    let reply = client.run(&json!({"do": "ask", "event": "get", "data": {"url": "/message"}}));
    assert_eq!(reply["answer"]["body"][0]["body"], "through a proxy", "{reply}");
}

/// The page's script, by the address with its fingerprint, twice.
fn asset_is_kept(base: &str) {
    let http = Http::new(base);
    let page = http.page("/").body;
    let start = page.find("/assets/chat.").expect("a script or a style");
    let path: String = page[start..].chars().take_while(|letter| !"\"' >".contains(*letter)).collect();
    let id = || {
        let answer = Http::new(base).get(&path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        answer.header("x-request-id").expect("an id").to_owned()
    };
    // It is kept a moment after it was sent.
    until_true("an asset that is made once", SOON, || id() == id());
}

/// What went wrong with requests while something was done to an instance.
#[derive(Debug, Default)]
struct Tally {
    gets: AtomicUsize,
    failed_gets: AtomicUsize,
    posts: AtomicUsize,
    failed_posts: AtomicUsize,
    /// Posts that were answered, and so must be stored.
    said: AtomicUsize,
}

/// How many messages there are.
fn stored(base: &str) -> usize {
    let answer = Http::new(base).get("/message?limit=1&count=true");
    let total = answer.header("x-total-count").and_then(|total| total.parse().ok());
    total.unwrap_or_else(|| panic!("no count: {answer:?}"))
}

/// Reads and writes without a pause while `happens`, and for a second after it.
fn meanwhile(base: &str, happens: impl FnOnce()) -> (Tally, usize) {
    let (tally, done) = (Tally::default(), AtomicBool::new(false));
    let before = stored(base);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (tally, done) = (&tally, &done);
            scope.spawn(move || {
                let http = named(base, &format!("visitor-{worker}"));
                while !done.load(Ordering::Relaxed) {
                    if worker % 2 == 0 {
                        let answer = http.try_send("GET", "/message", &[("accept", "application/json")], "");
                        tally.gets.fetch_add(1, Ordering::Relaxed);
                        let failed = !answer.is_ok_and(|answer| answer.status == 200);
                        tally.failed_gets.fetch_add(failed.into(), Ordering::Relaxed);
                    } else {
                        let headers =
                            [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];
                        let answer = http.try_send("POST", "/message", &headers, "{\"body\":\"once\"}");
                        tally.posts.fetch_add(1, Ordering::Relaxed);
                        let said = answer.is_ok_and(|answer| answer.status == 200);
                        let counter = if said { &tally.said } else { &tally.failed_posts };
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(500));
        happens();
        thread::sleep(Duration::from_secs(1));
        done.store(true, Ordering::Relaxed);
    });
    (tally, stored(base) - before)
}

fn killed(base: &str, fleet: &Fleet, name: &str, lost: usize) {
    let victim = &fleet.instances[1].0;
    let (tally, stored) = meanwhile(base, || victim.signal(Signal::KILL));
    println!("figures: {name}, kill -9: {tally:?}, {stored} stored");

    assert!(!victim.wait_for_exit(SOON).success());
    let [gets, failed_gets, failed_posts, said] =
        [&tally.gets, &tally.failed_gets, &tally.failed_posts, &tally.said]
            .map(|n| n.load(Ordering::Relaxed));
    assert!(gets > 20 && said > 20, "{tally:?}");
    assert_eq!(failed_gets, 0, "{tally:?}");
    // Whether those that were with the killed instance were stored nobody knows, but never twice.
    assert!(failed_posts <= lost, "{tally:?}");
    assert!((said..=said + failed_posts).contains(&stored), "{stored} stored: {tally:?}");
}

fn drained(base: &str, fleet: &Fleet, name: &str, lost: usize) {
    let leaving = &fleet.instances[2].0;
    let began = Instant::now();
    let (tally, stored) = meanwhile(base, || {
        leaving.signal(Signal::TERM);
        assert!(leaving.wait_for_exit(START).success());
    });
    println!("figures: {name}, drain in {} ms: {tally:?}, {stored} stored", began.elapsed().as_millis());

    let said = tally.said.load(Ordering::Relaxed);
    assert_eq!(tally.failed_gets.load(Ordering::Relaxed), 0, "{tally:?}");
    assert!(tally.failed_posts.load(Ordering::Relaxed) <= lost, "{tally:?}");
    assert!((said..=said + lost).contains(&stored), "{stored} stored: {tally:?}");
}

#[test]
fn nginx_carries_everything_and_survives_an_instance() {
    let fleet = Fleet::start();
    let nginx = fleet.nginx(&[]);

    everything_works(&nginx.base());
    asset_is_kept(&nginx.base());
    killed(&nginx.base(), &fleet, "nginx", IN_FLIGHT);
    drained(&nginx.base(), &fleet, "nginx", IN_FLIGHT);
    everything_works(&nginx.base());
}

#[test]
fn haproxy_carries_everything_and_survives_an_instance() {
    let fleet = Fleet::start();
    let haproxy = fleet.haproxy();

    everything_works(&haproxy.base());
    asset_is_kept(&haproxy.base());
    killed(&haproxy.base(), &fleet, "HAProxy", IN_FLIGHT);
    drained(&haproxy.base(), &fleet, "HAProxy", IN_FLIGHT);
    everything_works(&haproxy.base());
}

#[test]
fn varnish_carries_everything_and_survives_an_instance() {
    let fleet = Fleet::start();
    let varnish = Varnish::new(&fleet.made(&["varnish"]));

    everything_works(&varnish.base());
    asset_is_kept(&varnish.base());
    killed(&varnish.base(), &fleet, "Varnish", UNNOTICED);
    drained(&varnish.base(), &fleet, "Varnish", IN_FLIGHT);
    everything_works(&varnish.base());
}

#[test]
fn hosts_of_a_list_share_the_visitors() {
    let (app, redis, port) = (App::new(), Redis::new(), ports::free());
    let hosts = ["127.0.0.2", "127.0.0.3"];
    let settings = [("REDIS_URL", redis.url()), ("REGATTA__SOCKETS__ADAPTER", "redis".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let _instances = hosts.map(|host| {
        let arguments = ["--host", host, "--port", &port.to_string()].map(str::to_owned);
        let instance = app.lift(&arguments, &settings);
        regatta_tests::http::wait_ready(&format!("http://{host}:{port}"), START);
        instance
    });
    let arguments = ["--hosts", &hosts.join(","), "--ports", &port.to_string()];

    let haproxy = Haproxy::new(&made(&app, &[&["haproxy"], &arguments[..]].concat()), &[port, port]);
    let nginx = Nginx::new(&made(&app, &[&["nginx"], &arguments[..]].concat()), &[port, port]);

    for base in [haproxy.base(), nginx.base()] {
        let http = Http::new(&base);
        let seen: BTreeSet<_> = (1..=10)
            .map(|visit| {
                let answer = http.get("/visits");
                assert_eq!(answer.json()["visits"], visit, "{answer:?}");
                answer.instance()
            })
            .collect();
        assert_eq!(seen.len(), 2, "{base}: {seen:?}");
    }
}

#[test]
fn a_micro_cache_keeps_nothing_that_is_somebodys() {
    let fleet = Fleet::start();
    let nginx = fleet.nginx(&["--micro-cache", "30s"]);
    let varnish = Varnish::new(&fleet.made(&["varnish", "--micro-cache", "30s"]));

    for base in [nginx.base(), varnish.base()] {
        everything_works(&base);
        let id = |http: &Http, path: &str| http.get(path).header("x-request-id").expect("an id").to_owned();
        let ann = named(&base, "Ann");
        let public = "/message?limit=3";
        let first = id(&Http::new(&base), public);

        assert_eq!(id(&Http::new(&base), public), first, "{base}: made twice");
        assert_ne!(id(&ann, public), first, "{base}: a session got what was kept");
        // Data and pages have one address.
        let page = Http::new(&base).page(public);
        assert_ne!(page.header("x-request-id"), Some(first.as_str()), "{page:?}");
        // A session begins: its cookie is nobody else's.
        let cookies = [0, 1].map(|_| {
            let http = Http::new(&base);
            assert_eq!(http.get("/visits").json()["visits"], 1, "{base}");
            http.cookie()
        });
        assert!(!cookies[0].is_empty() && cookies[0] != cookies[1], "{cookies:?}");
        for probe in ["/livez", "/readyz"] {
            assert_ne!(id(&Http::new(&base), probe), id(&Http::new(&base), probe), "{base}{probe}");
        }
    }
}
