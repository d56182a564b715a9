//! Instances that do not start as they should, and two signals.

use std::time::{Duration, Instant};

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::process::{self, Signal};
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, SOON, START};
use regatta_tests::{ports, redis::Redis};

use super::instances;

fn fleet_of(app: &App, count: &str, settings: &[(&str, &str)]) -> process::Process {
    let port = ports::free().to_string();
    app.lift(&["--port", &port, "--instances", count].map(str::to_owned), settings)
}

#[test]
fn an_instance_that_is_never_ready_is_started_again_and_given_up() {
    let app = App::new();
    // An address of the documentation: connecting to it takes longer than anybody waits.
    let settings = [
        ("DATABASE_URL", "postgres://nobody@192.0.2.1:5432/none"),
        ("REGATTA__FLEET__READY_TIMEOUT", "1s"),
        ("REGATTA__FLEET__ATTEMPTS", "2"),
        ("REGATTA__DATASTORES__DEFAULT__ACQUIRE_TIMEOUT", "20s"),
    ];
    let parent = fleet_of(&app, "1", &settings);

    let status = parent.wait_for_exit(START);

    assert!(!status.success(), "{status}");
    let log = parent.log();
    assert_eq!(log.matches("not ready within 1 s").count(), 2, "{log}");
    assert!(log.contains("given up after 2 attempts"), "{log}");
}

#[test]
fn every_instance_tells_its_parent_when_it_is_ready() {
    let cluster = Cluster::with_shared_port();
    let ready = || cluster.parent().log().matches("instance is ready").count();
    wait::until_true("three instances that are ready", START, || ready() == 3);
    assert!(instances(&cluster).iter().all(|one| one["state"] == "ready"));
}

#[test]
fn an_instance_told_to_stop_by_a_signal_is_relieved_before_it_is_gone() {
    let cluster = Cluster::with_shared_port();
    let one = cluster.instances().remove(0);

    process::send(one.pid, Signal::TERM);
    cluster.wait_restarted(&one, SOON);

    let log = cluster.parent().log();
    assert!(log.contains("ended with code 0"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_second_signal_ends_an_instance_at_once() {
    let app = App::new();
    let redis = Redis::new();
    let settings = [
        ("REDIS_URL", redis.url()),
        ("REGATTA__SOCKETS__ADAPTER", "redis".to_owned()),
        // Long enough that only the second signal can end it in time.
        ("REGATTA__HTTP__DRAIN_DELAY", "25s".to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (instance, base) = app.lift_one(ports::free(), &settings);

    instance.signal(Signal::TERM);
    instance.wait_for_line("stopping", SOON);
    wait::until_true("it is not ready any longer", SOON, || Http::new(&base).get("/readyz").status == 503);
    assert_eq!(Http::new(&base).get("/visits").status, 200, "connections are still accepted");
    let second = Instant::now();
    instance.signal(Signal::TERM);

    let status = instance.wait_for_exit(Duration::from_secs(5));
    assert!(status.success(), "{status}");
    println!("figures: ended {} ms after the second signal", second.elapsed().as_millis());
}

#[test]
fn a_parent_told_twice_ends_at_once() {
    let app = App::new();
    let redis = Redis::new();
    let url = redis.url();
    let settings =
        [("REDIS_URL", &*url), ("REGATTA__SOCKETS__ADAPTER", "redis"), ("REGATTA__HTTP__DRAIN_DELAY", "25s")];
    let parent = fleet_of(&app, "2", &settings);
    wait::until_true("both are ready", START, || parent.log().matches("instance is ready").count() == 2);

    parent.signal(Signal::INT);
    wait::until_true("both are stopping", SOON, || parent.log().matches("stopping: requests").count() == 2);
    parent.signal(Signal::INT);

    assert!(parent.wait_for_exit(Duration::from_secs(5)).success());
}
