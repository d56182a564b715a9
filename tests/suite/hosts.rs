//! An app on three hosts: one of them is cut off from the others, Redis, the database and the balancer, and comes back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use regatta_tests::cluster::SECRET;
use regatta_tests::full_size;
use regatta_tests::haproxy::Haproxy;
use regatta_tests::hosts::{Host, Hosts};
use regatta_tests::http::Http;
use regatta_tests::load::{Crowd, Load};
use regatta_tests::postgres::Postgres;
use regatta_tests::process::Process;
use regatta_tests::proxy::Proxy;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use regatta_tests::wait::{self, START};
use serde_json::json;

use crate::deploy::made;

/// How long one host is cut off.
const CUT: Duration = Duration::from_secs(10);

/// How long the last socket may take to be elsewhere, from the cut: the balancer notices after two checks, then clients
/// come back when they like.
const ELSEWHERE: Duration = Duration::from_secs(8);

/// How long it may take until everything is as before.
const HEALED: Duration = Duration::from_secs(30);

const PORT: u16 = 1_337;
const CROWD: Crowd = Crowd { getters: 6, posters: 4, idlers: 10, sockets: 90 };

fn lift(app: &App, host: &Host, services: &[(&str, &str)]) -> Process {
    let mut command = app.command(&["lift", "--port", &PORT.to_string()]);
    command.envs(services.iter().copied());
    let folder = app.root().parent().expect("the folder of the app's folder");
    Process::start(&format!("app on {}", host.address()), &mut host.command(&command), folder)
}

#[test]
fn a_host_that_is_cut_off_loses_only_what_was_with_it_and_comes_back() {
    if !full_size() {
        return;
    }
    let Some(hosts) = Hosts::new(3) else {
        println!("no hosts: this user may not make network namespaces");
        return;
    };
    let (redis, postgres, app) = (Redis::new(), Postgres::new(), App::new());
    app.edit("config/sockets.toml", "adapter = \"memory\"", "adapter = \"redis\"");
    let gateway = hosts.gateway();
    let lines = [redis.port(), postgres.port()].map(|port| Proxy::on(gateway, port));
    let redis_url = format!("redis://{gateway}:{}", lines[0].port());
    let database_url = format!("postgres://regatta@{gateway}:{}/postgres", lines[1].port());
    let services = [
        ("DATABASE_URL", database_url.as_str()),
        ("REDIS_URL", redis_url.as_str()),
        ("SESSION_SECRET", SECRET),
        ("REGATTA__HTTP__WORKERS", "2"),
        ("REGATTA__HTTP__HOST", "0.0.0.0"),
    ];
    let apps: Vec<_> = hosts.all().iter().map(|host| lift(&app, host, &services)).collect();
    apps.iter().for_each(|app| _ = app.wait_for_line("listening", START));
    let addresses: Vec<_> = hosts.all().iter().map(|host| format!("{}:{PORT}", host.address())).collect();
    let front = Haproxy::before(&made(&app, &["haproxy", "--ports", "1337-1339"]), &addresses);
    let http = Http::new(&front.base());
    assert_eq!(http.post_json("/name", &json!({"name": "Load"})).status, 200);
    let meets = |count: usize| (0..count).map(|_| http.get("/livez").instance()).collect::<BTreeSet<_>>();
    wait::until_true("all three answer", START, || meets(9).len() == 3);

    let load = Load::start(&front.base(), &http.cookie(), CROWD);
    wait::until_true("the crowd is there", START, || load.sockets().open == CROWD.sockets);
    std::thread::sleep(Duration::from_secs(1));
    let victim = &hosts.all()[1];
    victim.unplug();
    let cut = Instant::now();
    wait::until_true("every socket is elsewhere", ELSEWHERE, || {
        let sockets = load.sockets();
        sockets.open == CROWD.sockets && !sockets.cut.is_empty()
    });
    let elsewhere = cut.elapsed();
    assert_eq!(meets(12).len(), 2, "the others serve everybody");
    std::thread::sleep(CUT.saturating_sub(cut.elapsed()));

    victim.plug();
    let back = Instant::now();
    wait::until_true("all three answer again", HEALED, || meets(9).len() == 3);
    let healed = back.elapsed();
    let answered = load.answered();
    wait::until_true("the crowd is served", HEALED, || load.answered() > answered + 200);
    assert!(apps.iter().all(|app| app.exit().is_none()), "no instance has ended");

    let seen = load.end();
    println!(
        "figures: one of three hosts cut off for {} s: sockets elsewhere after {} ms, back {} ms after the cable: {}",
        CUT.as_secs(),
        elsewhere.as_millis(),
        healed.as_millis(),
        seen.figures()
    );
    // Each client had one request at most with the host that was cut off.
    assert!(seen.failed_gets.len() <= CROWD.getters + CROWD.idlers, "{:?}", seen.failed_gets);
    assert!(seen.failed_posts.len() <= CROWD.posters, "{:?}", seen.failed_posts);
    let said = postgres.query("SELECT body FROM message WHERE body LIKE 'load %' ORDER BY body");
    let said: Vec<_> = said.lines().collect();
    let once: BTreeSet<_> = said.iter().copied().collect();
    assert_eq!(once.len(), said.len(), "nothing happened twice");
    let missing: Vec<_> = seen.said.iter().filter(|body| !once.contains(body.as_str())).collect();
    assert!(missing.is_empty(), "acknowledged and not there: {missing:?}");
}
