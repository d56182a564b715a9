//! F6: a Redis that answers, but late: fewer requests are answered, and none piles up.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::full_size;
use regatta_tests::http::{Http, wait_ready};
use regatta_tests::load::Caller;
use regatta_tests::proxy::{Line, Proxy};
use regatta_tests::redis::Redis;
use regatta_tests::usage;
use regatta_tests::wait::{self, SOON};

use crate::trials::Fleet;
use crate::trials::app;

/// Late, and later than the 500 ms a request waits for its session.
const LATE: Duration = Duration::from_millis(200);
const TOO_LATE: Duration = Duration::from_millis(700);

/// A request reads its session and writes it; the machine may be busy.
const SLOWEST: Duration = Duration::from_millis(1_500);

/// Clients with a session on each instance.
const CLIENTS: usize = 8;

/// More lines of complaint a second than these, from three instances with two workers each, are a flood.
const LINES: f64 = 25.0;

fn length() -> Duration {
    Duration::from_secs(if full_size() { 20 } else { 4 })
}

/// What clients with a session, and others, saw in a while.
#[derive(Debug, Default)]
struct Answers {
    took: Vec<Duration>,
    failed: usize,
    slowest_of_others: Duration,
    /// How often the store of the sessions was given up or found again, and Redis was, over all instances.
    turns: usize,
    lines: f64,
}

impl Answers {
    fn at(&self, share: f64) -> Duration {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let place = (self.took.len() as f64 * share) as usize;
        self.took.get(place.min(self.took.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn print(&self, what: &str) {
        let mut text = format!("F6: {what}: {} requests with a session", self.took.len());
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
            let _ = write!(text, ", {name} {} ms", self.at(share).as_millis());
        }
        println!(
            "{text}, {} got 503; others at most {} ms; {} turns, {:.1} lines of complaint a second",
            self.failed,
            self.slowest_of_others.as_millis(),
            self.turns,
            self.lines
        );
    }
}

/// Clients ask until `during` is over.
fn asked(fleet: &Fleet, cookie: &str, during: impl FnOnce()) -> Answers {
    let turns = || {
        let log = fleet.process.log();
        let told =
            ["with a session get 503 at once", "sessions answers again", "Redis is away", "Redis is back"];
        log.lines().filter(|line| told.iter().any(|what| line.contains(what))).count()
    };
    let (before, complaints, began) = (turns(), fleet.complaints(), Instant::now());
    let over = AtomicBool::new(false);
    let mut all = Answers::default();
    thread::scope(|scope| {
        let client = |base: &str, path: &'static str, cookie: String| {
            let (host, over) = (base.trim_start_matches("http://").to_owned(), &over);
            scope.spawn(move || {
                let (mut caller, mut seen) = (Caller::new(&host, &cookie), Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let status = caller.call("GET", path, "").expect("an answer");
                    seen.push((status, asked.elapsed()));
                    thread::sleep(Duration::from_millis(if status == 200 { 2 } else { 50 }));
                }
                seen
            })
        };
        let with_session: Vec<_> = (0..CLIENTS)
            .flat_map(|_| fleet.bases.iter().map(|base| client(base, "/all", cookie.to_owned())))
            .collect();
        let others: Vec<_> = fleet.bases.iter().map(|base| client(base, "/plain", String::new())).collect();
        during();
        over.store(true, Ordering::Relaxed);
        for (status, took) in with_session.into_iter().flat_map(|one| one.join().expect("a client")) {
            assert!(matches!(status, 200 | 503), "{status}");
            all.failed += usize::from(status != 200);
            all.took.push(took);
        }
        for (status, took) in others.into_iter().flat_map(|one| one.join().expect("a client")) {
            assert_eq!(status, 200, "who needs no Redis is served");
            all.slowest_of_others = all.slowest_of_others.max(took);
        }
    });
    all.took.sort_unstable();
    all.turns = turns() - before;
    #[expect(clippy::cast_precision_loss, reason = "a test's log is short")]
    let lines = (fleet.complaints() - complaints) as f64;
    all.lines = lines / began.elapsed().as_secs_f64();
    all
}

#[test]
fn a_slow_redis_makes_requests_slow_and_a_slower_one_is_left_alone() {
    let (app, redis) = (app(), Redis::new());
    let line = Proxy::to(redis.port());
    let url = format!("redis://127.0.0.1:{}", line.port());
    let fleet = Fleet::lift(&app, &[("REDIS_URL", &url)]);
    let visitor = Http::new(&fleet.bases[0]);
    assert_eq!(visitor.send("POST", "/set/n/1", &[("sec-fetch-site", "same-origin")], "").status, 200);
    let cookie = visitor.cookie();
    let instances = regatta_tests::cluster::instances_in(&fleet.process.log());
    let memory = || instances.iter().map(|one| usage::memory(one.pid)).sum::<u64>() >> 20;

    let quick = asked(&fleet, &cookie, || thread::sleep(length()));
    quick.print("Redis answers at once");
    let before = memory();
    line.turn(Line::Late(LATE));
    let late = asked(&fleet, &cookie, || thread::sleep(length()));
    late.print("200 ms late");
    for base in &fleet.bases {
        assert_eq!(Http::new(base).get("/readyz").status, 200, "slow is no reason to take an instance out");
    }
    line.turn(Line::Late(TOO_LATE));
    let too_late = asked(&fleet, &cookie, || thread::sleep(length()));
    too_late.print("700 ms late");
    let wavers = asked(&fleet, &cookie, || {
        let began = Instant::now();
        while began.elapsed() < length() {
            for delay in [LATE, TOO_LATE] {
                line.turn(Line::Late(delay));
                thread::sleep(Duration::from_millis(300));
            }
        }
    });
    wavers.print("now 200 ms late, now 700 ms");
    let after = memory();

    line.turn(Line::Open);
    let over = Instant::now();
    let visitors: Vec<_> = fleet.bases.iter().map(|base| visitor.at(base)).collect();
    wait::until_true("sessions are had again", SOON, || {
        visitors.iter().all(|visitor| visitor.get("/all").status == 200)
    });
    let healed = over.elapsed();
    fleet.bases.iter().for_each(|base| wait_ready(base, SOON));
    println!("F6: sessions are had again after {} ms; memory {before} to {after} MiB", healed.as_millis());

    assert_eq!((late.failed, late.turns), (0, 0), "nothing fails while it answers in time");
    for seen in [&late, &too_late, &wavers] {
        assert!(seen.at(1.0) < SLOWEST, "{:?}", seen.at(1.0));
        assert!(seen.slowest_of_others < SLOWEST, "{:?}", seen.slowest_of_others);
        assert!(seen.lines < LINES, "{} lines a second\n{}", seen.lines, fleet.process.log());
    }
    // Each instance gives the store of the sessions and Redis up, once.
    assert!(too_late.turns <= 9, "{} turns\n{}", too_late.turns, fleet.process.log());
    assert!(after < before + 100, "{before} to {after} MiB");
}
