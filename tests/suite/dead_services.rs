//! Redis that refuses: what needs it fails fast, the rest goes on, and it recovers without a restart.

use std::time::{Duration, Instant};

use regatta_tests::http::{self, Answer, Http};
use regatta_tests::ports;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use regatta_tests::wait::{self, SOON, START};

/// No answer may take longer, whatever the default timeouts are.
const FAST: Duration = Duration::from_secs(5);

fn on_redis() -> App {
    let app = App::new();
    app.edit("config/sockets.toml", "adapter = \"memory\"", "adapter = \"redis\"");
    app
}

#[track_caller]
fn assert_unavailable(answer: &Answer, took: Duration) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(took < FAST, "after {took:?}");
}

#[test]
fn without_redis_sessions_are_unavailable_until_it_is_back() {
    let app = on_redis();
    let mut redis = Redis::new();
    let (process, base) = app.lift_one(ports::free(), &[("REDIS_URL", &redis.url())]);
    let visitor = Http::new(&base);
    assert_eq!(visitor.get("/visits").json()["visits"], 1);

    redis.crash();
    let asked = Instant::now();
    let answer = visitor.get("/visits");

    assert_unavailable(&answer, asked.elapsed());
    assert_eq!(Http::new(&base).get("/livez").status, 200);
    assert_eq!(Http::new(&base).page("/").status, 200, "a page without a session needs no Redis");

    redis.start();
    wait::until_true("sessions are back", SOON, || visitor.get("/visits").status == 200);
    http::wait_ready(&base, SOON);
    let mut socket = Socket::connect(&base, &[]);
    assert_eq!(socket.get("/message").status, 200);
    assert!(process.exit().is_none());
}

#[test]
fn an_app_lifted_before_its_redis_works_once_it_is_there() {
    let app = on_redis();
    let mut redis = Redis::new();
    redis.crash();
    let port = ports::free();
    let base = format!("http://127.0.0.1:{port}");

    let process = app.lift(&["--port".to_owned(), port.to_string()], &[("REDIS_URL", &redis.url())]);
    process.wait_for_line("listening", START);
    assert_eq!(Http::new(&base).get("/livez").status, 200);
    assert_eq!(Http::new(&base).get("/readyz").status, 503);
    let address = redis.url();
    process.wait_for_line(address.trim_start_matches("redis://"), SOON);

    redis.start();
    http::wait_ready(&base, START);
    assert_eq!(Http::new(&base).get("/visits").json()["visits"], 1);
}
