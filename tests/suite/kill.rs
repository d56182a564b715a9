//! Instances that are killed, and how a cluster ends.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use regatta_tests::chromium::Chromium;
use regatta_tests::cluster::{Cluster, Instance};
use regatta_tests::http::Http;
use regatta_tests::process::{self, Signal};
use regatta_tests::proxy::{Line, Proxy};
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::socket::Socket;
use regatta_tests::wait::SOON;
use regatta_tests::{full_size, ports, wait};
use serde_json::json;

use crate::chat::{ChatPage, joined_on_every_instance, named, present};

/// What the framework promises for clients and presence after a crash.
const BACK: Duration = Duration::from_secs(10);

/// How long an ordered end may take with sockets open.
const END: Duration = Duration::from_secs(20);

fn remaining(since: Instant) -> Duration {
    BACK.saturating_sub(since.elapsed())
}

#[test]
fn a_killed_instance_is_replaced_and_the_others_keep_their_sockets() {
    let cluster = Cluster::with_shared_port();
    let rounds = if full_size() { 5 } else { 1 };

    for _ in 0..rounds {
        let mut sockets = joined_on_every_instance(&cluster);
        let victim = cluster.instance(&sockets[0].1);

        cluster.kill(&victim);
        cluster.wait_restarted(&victim, BACK);

        for (socket, holder) in &mut sockets {
            if *holder == victim.id {
                socket.closed();
            } else {
                assert!(socket.is_open(), "a socket of {holder} ended with {}", victim.id);
                assert_eq!(socket.get("/message").status, 200);
            }
        }
    }
}

#[test]
fn pages_of_a_killed_instance_are_in_their_rooms_again_by_themselves() {
    let cluster = Cluster::with_shared_port();
    let (base, instances) = (&cluster.bases()[0], cluster.instances());
    let browser = Chromium::new();
    let ann = ChatPage::enter(&browser, base, "Ann");
    let victim = ann.instance(&instances);
    let ben = (0..20)
        .map(|visitor| ChatPage::enter(&browser, base, &format!("Ben-{visitor}")))
        .find(|page| page.instance(&instances) != victim)
        .unwrap_or_else(|| panic!("20 pages, all on {victim:?}"));
    let (ended_ann, ended_ben) = (ann.page.ended_sockets(), ben.page.ended_sockets());

    let killed = Instant::now();
    cluster.kill(&victim);

    wait::until_true("Ann's page lost its socket", BACK, || ann.page.ended_sockets() > ended_ann);
    // Said again until it is heard: a message of the seconds in which Ann was away is not what is asked for.
    let said = wait::until("Ann hears Ben again", remaining(killed), || {
        let text = format!("said {} ms after the crash", killed.elapsed().as_millis());
        ben.say(&text);
        wait::poll(Duration::from_millis(500), || {
            let heard = ann.page.evaluate(&format!("document.body.innerText.includes({text:?})"));
            (heard == true).then(|| text.clone())
        })
    });
    println!("figures: {said}, {} ms until heard", killed.elapsed().as_millis());
    ben.wait_sees("Ann", remaining(killed));
    ann.say("I am back");
    ben.wait_sees("I am back", wait::SOON);
    assert_eq!(ben.page.ended_sockets(), ended_ben, "a socket of another instance ended");
}

#[test]
fn presence_forgets_the_sockets_of_a_killed_instance() {
    let cluster = Cluster::with_shared_port();
    let mut sockets = joined_on_every_instance(&cluster);
    let victim = cluster.instance(&sockets[0].1);
    let name = |(at, _): (usize, &(Socket, String))| format!("visitor-{at}");
    let mut left: Vec<_> =
        sockets.iter().enumerate().filter(|(_, one)| one.1 != victim.id).map(name).collect();
    left.sort();
    let witness = sockets.iter().position(|(_, holder)| *holder != victim.id).expect("a socket elsewhere");
    let gone = sockets[0].0.id().to_owned();

    let killed = Instant::now();
    cluster.kill(&victim);

    let witness = &mut sockets[witness].0;
    witness.next_where("presence", |event| {
        let leaves = event["leaves"]
            .as_array()
            .is_some_and(|leaves| leaves.iter().any(|one| one["id"] == gone.as_str()));
        leaves && event["room"] == "lobby"
    });
    wait::until_true(&format!("only {left:?} are present"), remaining(killed), || present(witness) == left);
    println!("figures: presence right {} ms after the crash", killed.elapsed().as_millis());
}

#[test]
fn a_session_survives_a_killed_instance() {
    let cluster = Cluster::with_shared_port();
    let http = Http::new(&cluster.bases()[0]);
    assert_eq!(http.get("/visits").json()["visits"], 1);
    let last = http.get("/visits");
    let victim = cluster.instance(&last.instance());

    cluster.kill(&victim);
    cluster.wait_restarted(&victim, BACK);

    assert_eq!(http.get("/visits").json()["visits"], 3);
}

#[test]
fn sigterm_ends_every_instance_and_frees_the_port() {
    ends_in_order(Signal::TERM);
}

#[test]
fn ctrl_c_ends_every_instance_and_frees_the_port() {
    ends_in_order(Signal::INT);
}

fn ends_in_order(signal: Signal) {
    let cluster = Cluster::with_shared_port();
    let instances = cluster.instances();
    let mut sockets = joined_on_every_instance(&cluster);

    cluster.parent().signal(signal);

    let status = cluster.parent().wait_for_exit(END);
    assert!(status.success(), "{status}");
    assert_ended(&instances, cluster.ports()[0]);
    for (socket, _) in &mut sockets {
        socket.closed();
    }
}

#[test]
fn instances_end_with_a_killed_parent() {
    let cluster = Cluster::with_shared_port();
    let instances = cluster.instances();

    cluster.parent().signal(Signal::KILL);

    assert_ended(&instances, cluster.ports()[0]);
}

#[track_caller]
fn assert_ended(instances: &[Instance], port: u16) {
    for instance in instances {
        wait::until_true(&format!("{instance:?} ends"), END, || !process::is_alive(instance.pid));
    }
    wait::until_true("the port is free", END, || TcpListener::bind(("127.0.0.1", port)).is_ok());
}

#[test]
fn an_instance_with_a_port_of_its_own_is_replaced_as_well() {
    let cluster = Cluster::with_ports();
    let base = &cluster.bases()[1];
    let victim = cluster.instance(&Http::new(base).get("/livez").instance());

    cluster.kill(&victim);
    cluster.wait_restarted(&victim, BACK);

    regatta_tests::http::wait_ready(base, BACK);
    assert_eq!(Http::new(base).post_json("/name", &json!({"name": "Ann"})).status, 200);
}

#[test]
fn a_page_shows_what_was_said_while_its_instance_was_cut_off() {
    let app = App::new();
    let redis = Redis::new();
    let line = Proxy::to(redis.port());
    let lift = |redis: u16| {
        let address = format!("redis://127.0.0.1:{redis}");
        app.lift_one(ports::free(), &[("REDIS_URL", &address), ("REGATTA__SOCKETS__ADAPTER", "redis")])
    };
    let (_far, far) = lift(redis.port());
    let (_near, near) = lift(line.port());
    let browser = Chromium::new();
    let ann = ChatPage::enter(&browser, &near, "Ann");
    let ben = named(&far, "Ben");
    assert_eq!(ben.post_json("/message", &json!({"body": "before the cut"})).status, 200);
    ann.wait_sees("before the cut", SOON);

    line.turn(Line::Refused);
    assert_eq!(ben.post_json("/message", &json!({"body": "during the cut"})).status, 200);
    std::thread::sleep(Duration::from_secs(1));
    assert!(!ann.sees("during the cut"), "the line is not cut");
    line.turn(Line::Open);

    ann.wait_sees("during the cut", SOON * 2);
    assert_eq!(
        ann.page.ended_sockets(),
        1,
        "her socket stayed: the only one that ended is that without a name"
    );
}
