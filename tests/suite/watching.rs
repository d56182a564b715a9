//! What an app tells whoever runs it: whether it is ready through bad moments, its figures, its log.

use std::time::{Duration, Instant};

use regatta_tests::figures::Figures;
use regatta_tests::http::{self, Http};
use regatta_tests::ports;
use regatta_tests::process::Process;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON};
use serde_json::Value;

/// `unready_after` unless it is set.
const GRACE: Duration = Duration::from_secs(3);

/// An instance on this Redis, with its address and that of its private listener.
fn lifted(app: &App, redis: &Redis) -> (Process, String, String) {
    let listen = format!("127.0.0.1:{}", ports::free());
    let settings = [
        ("REDIS_URL", &*redis.url()),
        ("REGATTA__SOCKETS__ADAPTER", "redis"),
        ("REGATTA__METRICS__LISTEN", &listen),
        ("REGATTA__LOG__FORMAT", "json"),
    ];
    let (process, base) = app.lift_one(ports::free(), &settings);
    http::wait_ready(&base, SOON);
    (process, base, format!("http://{listen}"))
}

#[test]
fn an_instance_stays_ready_while_redis_is_away_for_a_moment_and_not_for_long() {
    let (app, mut redis) = (App::new(), Redis::new());
    let (_process, base, private) = lifted(&app, &redis);
    let (public, watcher) = (Http::new(&base), Http::new(&private));
    assert!(watcher.get("/readyz").body.starts_with("ready\n"));
    let all_well = |figures: &Figures| {
        let checks: Vec<_> = figures.of("regatta_check_well", &[]).collect();
        checks.len() >= 3 && checks.iter().all(|check| check.value == 1.0)
    };
    assert!(all_well(&Figures::at(&private)));

    redis.crash();
    let away = Instant::now();
    let mut slowest = Duration::ZERO;
    while away.elapsed() < GRACE / 3 {
        let asked = Instant::now();
        assert_eq!(public.get("/readyz").status, 200, "a moment is no reason");
        slowest = slowest.max(asked.elapsed());
    }
    let told = watcher.get("/readyz");
    assert!(told.status == 200 && told.body.contains("failing for "), "{}", told.body);
    redis.start();
    wait::until_true("every check is well again", SOON, || all_well(&Figures::at(&private)));

    redis.crash();
    let away = Instant::now();
    let refused = wait::until("it is not ready any more", GRACE + SOON, || {
        let answer = public.get("/readyz");
        (answer.status == 503).then_some(answer)
    });
    let unready_after = away.elapsed();
    assert!(unready_after >= GRACE, "{unready_after:?}");
    assert!(["redis: ", "bus: "].iter().any(|check| refused.body.starts_with(check)), "{}", refused.body);
    let figures = Figures::at(&private);
    assert_eq!(figures.sum("regatta_ready", &[]), 0.0);
    assert_eq!(figures.sum("regatta_check_well", &[("check", "database")]), 1.0);
    assert_eq!(watcher.get("/livez").status, 200);
    redis.start();
    let back = Instant::now();
    http::wait_ready(&base, SOON);
    println!(
        "figures: Redis away: the slowest answer took {} ms, not ready after {} ms, ready {} ms after its return",
        slowest.as_millis(),
        unready_after.as_millis(),
        back.elapsed().as_millis()
    );
}

#[test]
fn readiness_is_told_at_once_while_redis_hangs() {
    let (app, redis) = (App::new(), Redis::new());
    let (_process, base, _) = lifted(&app, &redis);
    let public = Http::new(&base);
    redis.freeze();

    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    wait::until_true("it is not ready any more", GRACE + SOON, || {
        let asked = Instant::now();
        let status = public.get("/readyz").status;
        slowest = slowest.max(asked.elapsed());
        status == 503
    });

    assert!(started.elapsed() >= GRACE && slowest < Duration::from_secs(1), "{slowest:?}");
    println!("figures: Redis hangs: the slowest answer took {} ms", slowest.as_millis());
    redis.thaw();
    http::wait_ready(&base, SOON);
}

#[test]
fn the_log_names_the_trace_of_a_request() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let (app, redis) = (App::new(), Redis::new());
    let (process, base, _) = lifted(&app, &redis);
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");

    Http::new(&base).send("GET", "/visits", &[("traceparent", &parent)], "");
    Http::new(&base).send("GET", "/message", &[("traceparent", "00-nonsense-01")], "");

    let span = |path: &str| {
        let line = process.wait_for_line(&format!("\"path\":\"{path}\""), SOON);
        serde_json::from_str::<Value>(&line).expect("a line of JSON")["span"].clone()
    };
    let traced = span("/visits");
    assert_eq!((&traced["trace_id"], &traced["parent_id"]), (&TRACE.into(), &"00f067aa0ba902b7".into()));
    assert_eq!(traced["span_id"].as_str().map(str::len), Some(16));
    let other = span("/message");
    assert!(other["trace_id"].is_null() && other["parent_id"].is_null(), "{other}");
}

#[test]
fn a_private_address_that_is_taken_is_told_with_what_to_change() {
    let app = App::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("an address").to_string();

    let process =
        app.lift(&["--port".to_owned(), ports::free().to_string()], &[("REGATTA__METRICS__LISTEN", &listen)]);

    assert!(!process.wait_for_exit(SOON).success());
    assert!(process.log().contains("`listen` in config/metrics.toml"), "{}", process.log());
}
