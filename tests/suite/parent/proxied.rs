//! The same behind the proxies that `deploy` makes files for: instances are replaced, killed and stopped, and services
//! restart, while clients never stop asking.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::full_size;
use regatta_tests::http::Http;
use regatta_tests::load::Seen;
use regatta_tests::process::{self, Signal};
use regatta_tests::wait::{self, SOON};

use super::rolling::upgrade;
use super::{pids, wait_ready};
use crate::site::{BACK, Front, Kind, Site, crowd, nothing_is_lost_or_done_twice, told};

/// How long a restart of all instances may take under load.
const ROLLED: Duration = Duration::from_secs(120);

/// How long HAProxy may take to take an instance out that hangs: two checks of a second each, and the one before them.
const NOTICED: Duration = Duration::from_millis(3_500);

#[track_caller]
fn nothing_failed(mut seen: Seen, said: &[String]) {
    let figures = seen.figures();
    assert_eq!(seen.failed_gets, [""; 0], "{figures}");
    assert_eq!(seen.failed_posts, [""; 0], "{figures}");
    assert_eq!(seen.sockets.cut, [""; 0], "{figures}");
    seen.said.sort();
    assert_eq!(said, seen.said, "each happened exactly once");
}

fn rolling(kind: Kind, cluster: &Cluster) {
    let site = Site::new(kind, cluster);
    let rounds = if full_size() { 3 } else { 1 };
    for round in 1..=rounds {
        let before = pids(cluster);
        let (began, answered) = (Instant::now(), site.load.answered());
        assert_eq!(cluster.fleet(&["restart"])["done"], "all instances are new");
        let took = began.elapsed();
        assert!(pids(cluster).iter().all(|pid| !before.contains(pid)), "every process is a new one");
        wait_ready(cluster, 3, SOON);
        let back = site.all_back(began + took);
        println!(
            "figures: {}: restart {round} took {} ms, {} requests meanwhile; the last socket was back {} ms after it",
            site.name,
            took.as_millis(),
            site.load.answered() - answered,
            back.as_millis()
        );
    }
    let (seen, said) = site.end("rolling restarts");
    assert!(seen.sockets.ended >= crowd().sockets as u64, "every socket was told to go: {}", seen.figures());
    nothing_failed(seen, &said);
}

#[test]
fn nginx_before_ports_loses_nothing_in_a_rolling_restart() {
    rolling(Kind::Nginx, &Cluster::with_ports());
}

#[test]
fn haproxy_before_ports_loses_nothing_in_a_rolling_restart() {
    rolling(Kind::Haproxy, &Cluster::with_ports());
}

#[test]
fn nginx_before_a_shared_socket_loses_nothing_in_a_rolling_restart() {
    rolling(Kind::Nginx, &Cluster::with_shared_port());
}

#[test]
fn haproxy_before_a_shared_socket_loses_nothing_in_a_rolling_restart() {
    rolling(Kind::Haproxy, &Cluster::with_shared_port());
}

#[test]
fn the_program_is_replaced_behind_a_proxy_and_nothing_fails() {
    let kinds: &[Kind] = if full_size() { &[Kind::Nginx, Kind::Haproxy] } else { &[Kind::Haproxy] };
    for kind in kinds {
        let (cluster, program) = Cluster::replaceable_with_ports();
        let site = Site::new(*kind, &cluster);
        upgrade(&program, &fs::read(&program).expect("the program"));
        let (before, began) = (pids(&cluster), Instant::now());
        cluster.parent().signal(Signal::USR2);
        cluster.parent().wait_for_line("the parent goes on as a new program", ROLLED);
        let took = began.elapsed();
        wait_ready(&cluster, 3, SOON);
        assert!(pids(&cluster).iter().all(|pid| !before.contains(pid)));
        let back = site.all_back(began + took);
        println!(
            "figures: {}: the program was replaced in {} ms; the last socket was back {} ms after it",
            site.name,
            took.as_millis(),
            back.as_millis()
        );
        let (seen, said) = site.end("another program");
        nothing_failed(seen, &said);
    }
}

/// Lets something happen to one instance, and tells what it came to.
fn with_a_victim(kind: Kind, what: &str, happens: impl FnOnce(&Cluster, u32)) -> (Seen, Vec<String>) {
    let cluster = Cluster::with_ports();
    let site = Site::new(kind, &cluster);
    let victim = cluster.instances().remove(1);
    let began = Instant::now();
    happens(&cluster, victim.pid);
    wait_ready(&cluster, 3, SOON);
    let back = site.all_back(began);
    println!("figures: {}: {what}: the last socket was back after {} ms", site.name, back.as_millis());
    site.end(what)
}

#[test]
fn a_killed_instance_behind_a_proxy_fails_no_get() {
    for kind in [Kind::Nginx, Kind::Haproxy] {
        let (seen, said) = with_a_victim(kind, "kill -9", |cluster, pid| {
            let victim = cluster.instances().into_iter().find(|one| one.pid == pid).expect("it runs");
            cluster.kill(&victim);
            cluster.wait_restarted(&victim, SOON);
        });
        assert_eq!(seen.failed_gets, [""; 0], "{}", seen.figures());
        // Those that were with the killed one.
        assert!(seen.failed_posts.len() <= crowd().posters, "{:?}", seen.failed_posts);
        nothing_is_lost_or_done_twice(&seen, &said);
    }
}

#[test]
fn a_stopped_instance_is_taken_out_and_comes_back() {
    let cluster = Cluster::with_ports();
    let site = Site::new(Kind::Haproxy, &cluster);
    let victim = cluster.instances().remove(1);

    process::send(victim.pid, Signal::STOP);
    let stopped = Instant::now();
    let newcomer = Http::new(&site.front.base());
    let meets = |count: usize| (0..count).map(|_| newcomer.get("/livez").instance()).collect::<BTreeSet<_>>();
    // Who comes in the first moments may meet it, and waits for it.
    std::thread::sleep(NOTICED);
    let began = Instant::now();
    assert_eq!(meets(30).len(), 2, "it gets nothing new");
    let elapsed = began.elapsed();
    assert!(elapsed < SOON / 5, "30 requests took {elapsed:?}");
    std::thread::sleep(Duration::from_secs(6).saturating_sub(stopped.elapsed()));
    process::send(victim.pid, Signal::CONT);
    let continued = Instant::now();
    wait::until_true("it gets requests again", SOON, || meets(6).len() == 3);
    println!(
        "figures: {}: 30 requests took {} ms while one is stopped; back {} ms after SIGCONT",
        site.name,
        elapsed.as_millis(),
        continued.elapsed().as_millis()
    );

    assert!(cluster.instances().contains(&victim), "it is the same process");
    let (seen, said) = site.end("SIGSTOP for 6 s");
    // What it had in work waited for it, and may have come too late for its session's store; nothing else was concerned.
    assert!(
        told(&seen.failed_gets) && told(&seen.failed_posts),
        "{:?} {:?}",
        seen.failed_gets,
        seen.failed_posts
    );
    assert!(seen.failed_gets.len() <= crowd().getters + crowd().idlers, "{:?}", seen.failed_gets);
    assert!(seen.failed_posts.len() <= crowd().posters, "{:?}", seen.failed_posts);
    assert_eq!(seen.sockets.cut, [""; 0], "{}", seen.figures());
    nothing_is_lost_or_done_twice(&seen, &said);
}

/// Restarts a service that all instances use, and looks at what clients saw.
fn outage(kind: Kind, what: &str, happens: impl FnOnce(&mut Cluster)) {
    let mut cluster = Cluster::with_ports();
    let site = Site::new(kind, &cluster);
    let before = pids(&cluster);
    std::thread::sleep(Duration::from_millis(500));

    happens(&mut cluster);
    let back = Instant::now();
    let http = Http::new(&site.front.base());
    let is_well = || {
        let named = http.try_send("GET", "/visits", &[], "").is_ok_and(|answer| answer.status == 200);
        named && http.try_send("GET", "/message?limit=1", &[], "").is_ok_and(|answer| answer.status == 200)
    };
    wait::until_true("all is well again", BACK, || (0..6).all(|_| is_well()));
    let healed = back.elapsed();
    let answered = site.load.answered();
    wait::until_true("the crowd is served again", BACK, || site.load.answered() > answered + 50);
    site.all_back(back);
    println!("figures: {}: {what}: all is well {} ms after it is back", site.name, healed.as_millis());

    assert_eq!(pids(&cluster), before, "no instance was restarted for it");
    let (seen, said) = site.end(what);
    assert!(told(&seen.failed_gets), "{:?}", seen.failed_gets);
    assert!(told(&seen.failed_posts), "{:?}", seen.failed_posts);
    nothing_is_lost_or_done_twice(&seen, &said);
}

#[test]
fn what_needs_no_redis_is_served_while_redis_is_away() {
    let mut cluster = Cluster::with_ports();
    let fronts = [Kind::Nginx, Kind::Haproxy].map(|kind| Front::new(kind, &cluster));
    cluster.redis_mut().crash();
    let unready = |base: &String| Http::new(base).get("/readyz").status == 503;
    wait::until_true("no instance is ready", SOON, || cluster.bases().iter().all(unready));
    // HAProxy has taken all of them out.
    std::thread::sleep(NOTICED);

    for front in &fronts {
        for _ in 0..6 {
            let answer = Http::new(&front.base()).get("/message?limit=1");
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }
    cluster.redis_mut().start();
    for front in &fronts {
        wait::until_true("all is well again", BACK, || Http::new(&front.base()).get("/visits").status == 200);
    }
}

#[test]
fn redis_restarts_under_load_and_all_goes_on() {
    let kinds: &[Kind] = if full_size() { &[Kind::Nginx, Kind::Haproxy] } else { &[Kind::Nginx] };
    for kind in kinds {
        outage(*kind, "Redis is killed for 2 s", |cluster| {
            // What it starts with again, sessions among it.
            cluster.redis().command("SAVE");
            cluster.redis_mut().crash();
            std::thread::sleep(Duration::from_secs(2));
            cluster.redis_mut().start();
        });
    }
}

#[test]
fn the_database_restarts_under_load_and_all_goes_on() {
    let kinds: &[Kind] = if full_size() { &[Kind::Nginx, Kind::Haproxy] } else { &[Kind::Haproxy] };
    for kind in kinds {
        outage(*kind, "PostgreSQL is away for 2 s", |cluster| {
            cluster.postgres_mut().stop();
            std::thread::sleep(Duration::from_secs(2));
            cluster.postgres_mut().start();
        });
    }
}
