//! F12: instances whose clocks differ by 90 s, and clocks that jump.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use regatta_tests::clock::Clock;
use regatta_tests::cluster::SECRET;
use regatta_tests::full_size;
use regatta_tests::http::{Http, wait_ready};
use regatta_tests::ports;
use regatta_tests::process::{Process, Signal};
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON, START};
use regatta_tests::workdir::Workdir;
use serde_json::json;

use crate::chat::{joined, present};
use crate::trials::app;

/// How wrong the clocks of the second and the third instance are, in seconds.
const FAST: i64 = 90;
const SLOW: i64 = -90;

/// How long a session lives that nobody uses, and any session.
const IDLE: Duration = Duration::from_secs(3);
const ABSOLUTE: &str = "92s";

/// Longer than any lease.
fn length() -> Duration {
    Duration::from_secs(if full_size() { 30 } else { 8 })
}

struct Node {
    base: String,
    clock: Clock,
    process: Process,
    _folder: Workdir,
}

impl Node {
    fn lift(app: &App, redis: &Redis) -> Self {
        let (port, folder) = (ports::free(), Workdir::new());
        let mut command: Command = app.command(&["lift", "--port", &port.to_string()]);
        command
            .env("REDIS_URL", redis.url())
            .env("SESSION_SECRET", SECRET)
            .env("REGATTA__SOCKETS__ADAPTER", "redis")
            .env("REGATTA__SESSION__IDLE", format!("{}s", IDLE.as_secs()))
            .env("REGATTA__SESSION__ABSOLUTE", ABSOLUTE)
            // The members' own sessions are not what is looked at: their sockets stay.
            .env("REGATTA__SESSION__RECHECK", "1h")
            .env("REGATTA__HTTP__WORKERS", "2");
        let clock = Clock::of(&mut command, folder.path());
        let process = Process::start("app", &mut command, folder.path());
        let base = format!("http://127.0.0.1:{port}");
        process.wait_for_line("listening", START);
        wait_ready(&base, START);
        Self { base, clock, process, _folder: folder }
    }
}

fn log_in(node: &Node, who: &str) -> Http {
    let http = Http::new(&node.base);
    assert_eq!(http.post_json(&format!("/log-in/{who}"), &json!({})).status, 200);
    http
}

fn user(http: &Http, node: &Node) -> String {
    let answer = http.at(&node.base).get("/all");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["user"].as_str().unwrap_or("nobody").to_owned()
}

#[test]
fn clocks_that_differ_log_nobody_out_and_count_nothing_wrong() {
    let (app, redis) = (app(), Redis::new());
    let nodes: Vec<_> = (0..3).map(|_| Node::lift(&app, &redis)).collect();
    let members: Vec<_> = (0..3).map(|n| joined(&nodes[n].base, &format!("visitor-{n}")).0).collect();
    let before = log_in(&nodes[0], "ann");

    nodes[1].clock.differ_by(FAST);
    nodes[2].clock.differ_by(SLOW);
    let told = |node: &Node| Http::new(&node.base).get("/clock").body.parse::<i64>().expect("seconds");
    let differ = told(&nodes[1]) - told(&nodes[2]);
    assert!((FAST - SLOW - 5..=FAST - SLOW + 5).contains(&differ), "the clocks differ by {differ} s");

    // Used, a session lives on, whichever instance uses it: those of before, and those that each instance begins.
    let mut sessions = vec![before];
    sessions.extend(nodes.iter().map(|node| log_in(node, "ann")));
    let unused: Vec<_> = nodes.iter().map(|node| log_in(node, "ben")).collect();
    let (began, mut asked) = (Instant::now(), 0);
    while began.elapsed() < length() {
        for (at, http) in sessions.iter().enumerate() {
            // Each instance alone prolongs some of them.
            let node = &nodes[at % 3];
            assert_eq!(user(http, node), "ann", "after {:?} at {}", began.elapsed(), at % 3);
            asked += 1;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    // Unused, it ends by the store's clock.
    for http in &unused {
        assert_eq!(nodes.iter().map(|node| user(http, node)).collect::<Vec<_>>(), ["nobody"; 3]);
    }
    for (at, http) in sessions.iter().enumerate() {
        assert_eq!(nodes.iter().map(|node| user(http, node)).collect::<Vec<_>>(), ["ann"; 3], "{at}");
    }

    // A token of one instance is good at all.
    for from in &nodes {
        let visitor = log_in(from, "cleo");
        let token = visitor.get("/token").json()["_csrf"].as_str().expect("a token").to_owned();
        for node in &nodes {
            let set = visitor.at(&node.base).send("POST", "/set/n/1", &[("x-csrf-token", &token)], "");
            assert_eq!(set.status, 200, "{set:?}");
        }
    }

    // Six a minute, over all of them.
    let few = |n: usize| {
        Http::new(&nodes[n % 3].base).send("POST", "/few", &[("sec-fetch-site", "same-origin")], "")
    };
    let statuses: Vec<_> = (0..9).map(|n| few(n).status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 429, 429, 429]);
    for n in 0..3 {
        let wait = few(n).header("retry-after").and_then(|wait| wait.parse::<u64>().ok()).expect("a wait");
        assert!((1..=60).contains(&wait), "{wait} s");
    }

    // An answer is kept for two seconds, whoever made it and whoever asks.
    let (began, mut made) = (Instant::now(), BTreeSet::new());
    while began.elapsed() < Duration::from_secs(5) {
        // An answer is for the name by which the app was asked.
        let ask =
            |node: &Node| Http::new(&node.base).send("GET", "/number", &[("host", "chat.example.com")], "");
        made.extend(nodes.iter().map(|node| ask(node).body));
    }
    assert!((2..=6).contains(&made.len()), "{made:?}");

    let names = ["visitor-0", "visitor-1", "visitor-2"];
    let mut members = members;
    for socket in &mut members {
        assert!(socket.is_open());
        assert_eq!(present(socket), names, "leases are kept by the store's clock");
    }
    nodes[1].process.signal(Signal::KILL);
    let killed = Instant::now();
    for at in [0, 2] {
        wait::until_true("the dead one's member is gone", SOON, || present(&mut members[at]).len() == 2);
    }
    println!(
        "F12: clocks {FAST} s fast and {} s slow: 0 of {asked} requests logged out, unused sessions ended; tokens, limits and kept \
         answers hold on all three; a dead instance's member was gone after {} ms",
        -SLOW,
        killed.elapsed().as_millis()
    );
}
