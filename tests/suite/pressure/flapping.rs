//! F11: services that are away for a moment, and instances whose readiness comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::full_size;
use regatta_tests::http::Http;
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON};
use serde_json::json;

use crate::chat::{joined, present};
use crate::site::{Front, Kind, Site, nothing_is_lost_or_done_twice, told};

/// A blip, well below the 3 s after which an instance says that it is not ready.
const BLIP: Duration = Duration::from_millis(1_000);

/// How long all is well between two.
const BETWEEN: Duration = Duration::from_millis(1_000);

fn rounds() -> usize {
    if full_size() { 8 } else { 2 }
}

/// Somebody who asks every instance every 100 ms whether it is ready.
struct Watch {
    over: Arc<AtomicBool>,
    asks: Vec<JoinHandle<Seen>>,
}

/// How one instance answered.
struct Seen {
    /// The status of each answer that was not that of the one before.
    turns: Vec<u16>,
    slowest: Duration,
}

impl Watch {
    fn over(bases: Vec<String>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ask = |base: String| {
            let over = over.clone();
            thread::spawn(move || {
                let (http, mut seen) = (Http::new(&base), Seen { turns: vec![200], slowest: Duration::ZERO });
                while !over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    let status = http.get("/readyz").status;
                    seen.slowest = seen.slowest.max(asked.elapsed());
                    if seen.turns.last() != Some(&status) {
                        seen.turns.push(status);
                    }
                    thread::sleep(Duration::from_millis(100));
                }
                seen
            })
        };
        let asks = bases.into_iter().map(ask).collect();
        Self { over, asks }
    }

    fn end(self) -> Vec<Seen> {
        self.over.store(true, Ordering::Relaxed);
        self.asks.into_iter().map(|ask| ask.join().expect("a client without a bug")).collect()
    }
}

fn are_ready(cluster: &Cluster, status: u16) -> bool {
    cluster.bases().iter().all(|base| Http::new(base).get("/readyz").status == status)
}

#[test]
fn a_blip_takes_no_instance_out_and_an_outage_each_of_them_once() {
    let mut cluster = Cluster::with_ports();
    let site = Site::new(Kind::Haproxy, &cluster);
    let watch = Watch::over(cluster.bases());
    for _ in 0..rounds() {
        cluster.redis().freeze();
        thread::sleep(BLIP);
        cluster.redis().thaw();
        thread::sleep(BETWEEN);
        cluster.postgres_mut().stop();
        cluster.postgres_mut().start();
        thread::sleep(BETWEEN);
    }
    let blips = watch.end();
    let Front::Haproxy(haproxy) = &site.front else { panic!("another proxy") };
    assert!(!haproxy.log().contains("DOWN"), "{}", haproxy.log());
    assert!(blips.iter().all(|seen| seen.turns == [200]), "{:?}", blips[0].turns);

    let watch = Watch::over(cluster.bases());
    cluster.redis().freeze();
    wait::until_true("no instance is ready", SOON, || are_ready(&cluster, 503));
    thread::sleep(BLIP);
    cluster.redis().thaw();
    let over = Instant::now();
    wait::until_true("every instance is ready", SOON, || are_ready(&cluster, 200));
    let healed = over.elapsed();
    thread::sleep(BETWEEN);
    let outage = watch.end();
    let slowest = blips.iter().chain(&outage).map(|seen| seen.slowest).max().expect("an instance");

    let (seen, said) = site.end("blips of Redis and PostgreSQL, then an outage");
    println!(
        "F11: {} blips of 1 s of each service: no instance was taken out; an outage took each out once, ready {} ms after it; \
         /readyz took at most {} ms",
        rounds(),
        healed.as_millis(),
        slowest.as_millis()
    );
    assert!(outage.iter().all(|seen| seen.turns == [200, 503, 200]), "{:?}", outage[0].turns);
    assert_eq!((seen.sockets.ended, seen.sockets.cut.len()), (0, 0), "{}", seen.figures());
    assert!(told(&seen.failed_gets), "{:?}", seen.failed_gets);
    assert!(told(&seen.failed_posts), "{:?}", seen.failed_posts);
    nothing_is_lost_or_done_twice(&seen, &said);
}

#[test]
fn readiness_that_comes_and_goes_harms_no_socket_room_or_session() {
    let cluster = Cluster::of(App::new(), &[("REGATTA__HTTP__UNREADY_AFTER", "0s")]);
    let front = Front::new(Kind::Haproxy, &cluster);
    let base = front.base();
    let mut sockets: Vec<_> = (0..9).map(|n| joined(&base, &format!("visitor-{n}")).0).collect();
    let names: Vec<_> = (0..9).map(|n| format!("visitor-{n}")).collect();
    for socket in &mut sockets {
        assert_eq!(socket.get("/message").status, 200, "it watches the messages");
    }
    let http = crate::chat::named(&base, "Ann");
    let visits = http.get("/visits").json()["visits"].as_u64().expect("a number");

    let watch = Watch::over(cluster.bases());
    for _ in 0..rounds() {
        cluster.redis().freeze();
        wait::until_true("no instance is ready", SOON, || are_ready(&cluster, 503));
        cluster.redis().thaw();
        wait::until_true("every instance is ready", SOON, || are_ready(&cluster, 200));
        thread::sleep(BETWEEN);
    }
    let turns: Vec<_> = watch.end().iter().map(|seen| seen.turns.len() - 1).collect();

    assert!(turns.iter().all(|turns| *turns >= 2 * rounds()), "it does flap: {turns:?}");
    assert_eq!(http.get("/visits").json()["visits"], visits + 1, "the session is the same");
    assert_eq!(http.post_json("/message", &json!({ "body": "after all of it" })).status, 200);
    for socket in &mut sockets {
        assert!(socket.is_open(), "its instance was not ready for a while");
        socket.next_where("message", |event| event["data"]["body"] == "after all of it");
        assert!(!socket.has("message"), "once");
        assert_eq!(present(socket), names);
    }
    println!(
        "F11: /readyz changed {turns:?} times: 9 sockets stayed, in their room, and nobody was logged out"
    );
}
