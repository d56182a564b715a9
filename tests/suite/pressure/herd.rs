//! F13: everybody's socket comes back at the same moment.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use regatta_tests::cluster::{Cluster, Instance};
use regatta_tests::figures::Figures;
use regatta_tests::full_size;
use regatta_tests::herd::Herd;
use regatta_tests::http::Http;
use regatta_tests::load::{Crowd, Load};
use regatta_tests::process::{self, Signal};
use regatta_tests::usage;
use regatta_tests::wait::{self, SOON};
use serde_json::json;

use crate::parent::{said, wait_ready};
use crate::site::{BACK, Front, Kind, nothing_is_lost_or_done_twice};

/// Those who ask meanwhile.
const OTHERS: Crowd = Crowd { getters: 6, posters: 4, idlers: 10, sockets: 0 };

/// Socket.IO's clients come back after 0.5 to 1.5 s, each as chance says.
const JITTER: Duration = Duration::from_secs(1);

/// How long a probe may take at the longest, on a busy machine; `tests/full` prints how long it did.
const PROBE: Duration = Duration::from_secs(5);

/// What a socket may cost, and an instance without any (a debug build).
const SOCKET: u64 = 64 << 10;
const INSTANCE: u64 = 120 << 20;

fn size() -> usize {
    if full_size() { 5_000 } else { 300 }
}

/// What was seen while something happened.
struct Seen {
    /// How long probes took, the longest last.
    probes: Vec<Duration>,
    /// How many of them were cut off.
    cut: usize,
    /// The most memory all instances had together.
    memory: u64,
}

/// Ends the watch, also when what is watched fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Probes an address and looks at the memory of all instances until `during` is over.
fn watched(cluster: &Cluster, base: &str, during: impl FnOnce()) -> Seen {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (http, mut seen) = (Http::new(base), Seen { probes: Vec::new(), cut: 0, memory: 0 });
            while !over.load(Ordering::Relaxed) {
                let asked = Instant::now();
                match http.try_send("GET", "/livez", &[], "") {
                    Ok(answer) => assert_eq!(answer.status, 200),
                    Err(_) => seen.cut += 1,
                }
                seen.probes.push(asked.elapsed());
                let all = cluster.instances();
                let memory = all.iter().filter_map(|one| usage::memory_if_any(one.pid)).sum();
                seen.memory = seen.memory.max(memory);
                thread::sleep(Duration::from_millis(20));
            }
            seen.probes.sort_unstable();
            seen
        });
        let end = End(&over);
        during();
        drop(end);
        watch.join().expect("a client without a bug")
    })
}

impl Seen {
    fn p99(&self) -> Duration {
        self.probes[self.probes.len() * 99 / 100]
    }

    fn figures(&self) -> String {
        let longest = self.probes[self.probes.len() - 1].as_millis();
        let (p99, memory) = (self.p99().as_millis(), self.memory >> 20);
        format!("/livez p99 {p99} ms, at most {longest} ms; at most {memory} MiB")
    }

    fn check(&self) {
        assert!(self.p99() < PROBE, "{:?}", self.p99());
        assert!(self.memory < 3 * INSTANCE + size() as u64 * SOCKET, "{} bytes", self.memory);
    }
}

fn is_there(herd: &Herd) {
    wait::until_true("the herd is there", BACK * 2, || herd.open() == size());
}

/// Kills instances, and lets all who were with them come back.
fn killed(cluster: &Cluster, herd: &Herd, victims: &[Instance]) {
    let (began, refused) = (Instant::now(), herd.refused());
    // An instance that is not killed is asked itself, or where there is none whoever is started.
    let holder = |base: &String| Http::new(base).get("/livez").instance();
    let survives = |base: &String| victims.iter().all(|victim| victim.id != holder(base));
    let base = cluster.bases().into_iter().find(survives).unwrap_or_else(|| cluster.bases().remove(0));
    let seen = watched(cluster, &base, || {
        victims.iter().for_each(|victim| process::send(victim.pid, Signal::KILL));
        wait::until_true("they are missed", SOON, || herd.open() < size());
        is_there(herd);
    });
    let came = herd.came_since(began);
    wait_ready(cluster, 3, BACK);
    println!(
        "F13: {} of 3 killed: {} of {} sockets came back, 99 % after {} ms, all after {} ms, {} attempts refused; {}",
        victims.len(),
        came.len(),
        size(),
        came.get(came.len() * 99 / 100).map_or(0, Duration::as_millis),
        came.last().map_or(0, Duration::as_millis),
        herd.refused() - refused,
        seen.figures()
    );
    seen.check();
    // One may have been with an instance that died.
    assert!(seen.cut <= victims.len() / 3, "{} probes were cut off", seen.cut);
}

#[test]
fn everybody_comes_back_at_once_and_nobody_else_is_harmed() {
    come_back_within(Duration::ZERO, Kind::Haproxy);
}

#[test]
fn everybody_comes_back_as_clients_do_and_nobody_else_is_harmed() {
    if full_size() {
        come_back_within(JITTER, Kind::Nginx);
    }
}

fn come_back_within(spread: Duration, kind: Kind) {
    let cluster = Cluster::with_ports();
    let front = Front::new(kind, &cluster);
    let address: SocketAddr = front.base().trim_start_matches("http://").parse().expect("an address");
    let began = Instant::now();
    let mut herd = None;
    let seen =
        watched(&cluster, &cluster.bases()[0], || is_there(herd.insert(Herd::of(size(), address, spread))));
    let herd = herd.expect("a herd");
    println!(
        "F13: {kind:?}, {} sockets that come back within {} s: at once they were there after {} ms, {} attempts refused; {}",
        size(),
        spread.as_secs(),
        began.elapsed().as_millis(),
        herd.refused(),
        seen.figures()
    );
    seen.check();

    let http = Http::new(&front.base());
    assert_eq!(http.post_json("/name", &json!({"name": "Load"})).status, 200);
    let load = Load::start(&front.base(), &http.cookie(), OTHERS);
    wait::until_true("others ask", SOON, || load.answered() > 50);
    let counted = || {
        let told = cluster.files().run(&["fleet", "metrics"]);
        Figures::read(&String::from_utf8_lossy(&told.stdout)).sum("regatta_sockets_connected", &[])
    };
    for count in [1, 3] {
        killed(&cluster, &herd, &cluster.instances()[..count]);
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let all = size() as f64;
        wait::until_true("each socket is there once", SOON, || counted() == all);
    }
    let seen = load.end();
    println!("F13: meanwhile {}", seen.figures());
    for failed in seen.failed_gets.iter().chain(&seen.failed_posts).take(10) {
        println!("failed: {failed}");
    }
    // Those whose request was with an instance that died, of whom there were four. nginx asks nobody for a second when
    // every instance has failed it.
    let (gets, posts) = match kind {
        Kind::Haproxy => (OTHERS.getters + OTHERS.idlers, 4 * OTHERS.posters),
        Kind::Nginx => (OTHERS.getters * 100, OTHERS.posters * 50),
    };
    assert!(seen.failed_gets.len() <= gets, "{:?}", seen.failed_gets);
    assert!(seen.failed_posts.len() <= posts, "{:?}", seen.failed_posts);
    nothing_is_lost_or_done_twice(&seen, &said(&front.base()));
    assert!(!cluster.parent().log().contains("panicked"));
}
