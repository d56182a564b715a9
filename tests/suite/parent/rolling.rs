//! Instances that are replaced and killed while clients never stop asking.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::load::{Caller, Crowd, Load, Seen};
use regatta_tests::process::Signal;
use regatta_tests::wait::{self, SOON};
use regatta_tests::{full_size, process};
use serde_json::json;

use super::{instances, pids, said, wait_ready};

/// How long a restart of all instances may take under load.
const ROLLED: Duration = Duration::from_secs(120);

/// How long the last socket may take to be back.
const BACK: Duration = Duration::from_secs(30);

fn crowd() -> Crowd {
    let sockets = if full_size() { 1_000 } else { 100 };
    Crowd { getters: 6, posters: 4, idlers: 10, sockets }
}

/// A crowd at a cluster, at work.
fn load(cluster: &Cluster) -> Load {
    let base = &cluster.bases()[0];
    let http = Http::new(base);
    assert_eq!(http.post_json("/name", &json!({"name": "Load"})).status, 200);
    let load = Load::start(base, &http.cookie(), crowd());
    wait::until_true("the crowd is there", BACK, || load.sockets().open == crowd().sockets);
    load
}

#[track_caller]
fn nothing_failed(cluster: &Cluster, seen: &mut Seen) {
    let figures = seen.figures();
    assert_eq!(seen.failed_gets, [""; 0], "{figures}");
    assert_eq!(seen.failed_posts, [""; 0], "{figures}");
    assert_eq!(seen.sockets.cut, [""; 0], "{figures}");
    seen.said.sort();
    assert_eq!(said(&cluster.bases()[0]), seen.said, "each happened exactly once");
}

/// Lets all sockets come back, which takes so long since `since`.
#[track_caller]
fn all_back(load: &Load, since: Instant) -> Duration {
    wait::until_true("every socket is back", BACK, || load.sockets().open == crowd().sockets);
    load.sockets().back.iter().max().map_or(Duration::ZERO, |last| last.saturating_duration_since(since))
}

#[test]
fn a_rolling_restart_fails_no_request_and_every_socket_comes_back() {
    let cluster = Cluster::with_shared_port();
    let load = load(&cluster);
    let rounds = if full_size() { 3 } else { 1 };
    for round in 1..=rounds {
        let before = pids(&cluster);
        let (began, answered) = (Instant::now(), load.answered());
        let done = cluster.fleet(&["restart"]);
        let took = began.elapsed();
        assert_eq!(done["done"], "all instances are new");
        assert!(pids(&cluster).iter().all(|pid| !before.contains(pid)), "every process is a new one");
        wait_ready(&cluster, 3, SOON);
        let back = all_back(&load, began + took);
        println!(
            "figures: restart {round} of 3 instances took {} ms, {} requests meanwhile; the last socket was back {} ms after it",
            took.as_millis(),
            load.answered() - answered,
            back.as_millis()
        );
    }
    let mut seen = load.end();
    println!("figures: {}", seen.figures());
    nothing_failed(&cluster, &mut seen);
    assert!(seen.sockets.ended >= crowd().sockets as u64, "every socket was told to go: {}", seen.figures());
}

#[test]
fn the_program_is_replaced_under_load_and_the_parent_with_it() {
    let (cluster, program) = Cluster::replaceable();
    let load = load(&cluster);
    let old = fs::read(&program).expect("the program");
    upgrade(&program, &old);
    let before = pids(&cluster);

    let began = Instant::now();
    cluster.parent().signal(Signal::USR2);
    cluster.parent().wait_for_line("the parent goes on as a new program", ROLLED);
    println!("figures: 3 instances and the parent were upgraded in {} ms", began.elapsed().as_millis());

    wait_ready(&cluster, 3, SOON);
    let now = pids(&cluster);
    assert!(now.iter().all(|pid| !before.contains(pid)));
    for pid in now.into_iter().chain([u64::from(cluster.parent().pid())]) {
        let length = fs::metadata(format!("/proc/{pid}/exe")).expect("a program").len();
        assert_eq!(length, old.len() as u64 + 1, "process {pid} runs the new program");
    }
    // The parent that took over still looks after its instances.
    let victim = cluster.instances().remove(0);
    let mut seen = load.end();
    println!("figures: {}", seen.figures());
    nothing_failed(&cluster, &mut seen);
    cluster.kill(&victim);
    wait_ready(&cluster, 3, SOON);
    assert!(instances(&cluster).iter().any(|one| one["restarts"] == 1));
}

/// Puts another file in the program's place: it does the same and is a byte longer.
pub(super) fn upgrade(program: &Path, old: &[u8]) {
    let next = program.with_extension("next");
    fs::copy(program, &next).expect("a copy");
    fs::write(&next, [old, b"\0"].concat()).expect("the new program");
    fs::rename(&next, program).expect("the new program in its place");
}

#[test]
fn a_new_program_that_does_not_start_leaves_the_fleet_as_it_is() {
    let (cluster, program) = Cluster::replaceable();
    let before = pids(&cluster);
    let next = program.with_extension("next");
    fs::copy("/bin/false", &next).expect("a program that ends at once");
    fs::rename(&next, &program).expect("the new program in its place");

    cluster.parent().signal(Signal::USR2);

    let line = cluster.parent().wait_for_line("restart given up", SOON);
    assert!(line.contains("after 0 of 3 instances"), "{line}");
    assert!(before.iter().all(|pid| process::is_alive(*pid as u32)), "the instances before it stay");
    assert_eq!(Http::new(&cluster.bases()[0]).get("/visits").status, 200);
}

#[test]
fn a_killed_instance_fails_few_requests() {
    let cluster = Cluster::with_shared_port();
    let load = load(&cluster);
    let victim = cluster.instances().remove(0);

    let killed = Instant::now();
    cluster.kill(&victim);
    cluster.wait_restarted(&victim, SOON);
    let back = all_back(&load, killed);

    let seen = load.end();
    println!(
        "figures: one of 3 killed under load, the last socket back after {} ms: {}",
        back.as_millis(),
        seen.figures()
    );
    // A client has one request under way; those that had a connection to the killed one may lose that one.
    let most = crowd().getters + crowd().idlers;
    assert!(seen.failed_gets.len() <= most, "{:?}", seen.failed_gets);
    assert!(seen.failed_posts.len() <= crowd().posters, "{:?}", seen.failed_posts);
    let said = said(&cluster.bases()[0]);
    assert!(seen.said.iter().all(|body| said.contains(body)), "what was acknowledged has happened");
}

#[test]
fn from_the_drains_start_every_answer_is_its_connections_last() {
    let cluster = Cluster::with_shared_port();
    let host = cluster.bases()[0].trim_start_matches("http://").to_owned();
    let mut callers: Vec<_> = (0..12).map(|_| Caller::new(&host, "")).collect();
    for caller in &mut callers {
        assert_eq!(caller.call("GET", "/livez", "").expect("an answer"), 200);
        assert!(caller.is_kept());
    }

    for one in instances(&cluster) {
        let pid = one["pid"].as_u64().expect("a process id") as u32;
        process::send(pid, Signal::TERM);
    }
    wait::until_true("all are draining", SOON, || {
        cluster.parent().log().matches("stopping: requests in flight finish").count() == 3
    });

    for caller in &mut callers {
        assert_eq!(caller.call("GET", "/visits", "").expect("an answer on the connection there was"), 200);
        assert!(!caller.is_kept(), "an answer of a draining instance ends its connection");
        assert_eq!(caller.call("GET", "/visits", "").expect("an answer of another instance"), 200);
        assert!(caller.is_kept());
    }
    wait_ready(&cluster, 3, SOON);
}
