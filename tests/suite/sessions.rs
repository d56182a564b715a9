//! Sessions of the scaffolded app on three instances.

use std::collections::BTreeSet;
use std::thread;

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::node::Node;
use regatta_tests::ports;
use regatta_tests::redis::Redis;
use regatta_tests::scaffold::App;
use serde_json::json;

/// Eight clients of one session, each of which goes from instance to instance.
#[test]
fn a_hundred_counts_from_eight_clients_over_three_instances_are_a_hundred() {
    let cluster = Cluster::with_ports();
    let bases = cluster.bases();
    let visitor = Http::new(&bases[0]);
    assert_eq!(visitor.get("/visits").json()["visits"], 1);

    thread::scope(|scope| {
        for client in 0..8 {
            let (visitor, bases) = (&visitor, &bases);
            scope.spawn(move || {
                for turn in (client..100).step_by(8) {
                    assert_eq!(visitor.at(&bases[turn % bases.len()]).get("/visits").status, 200);
                }
            });
        }
    });

    assert_eq!(visitor.get("/visits").json()["visits"], 102);
}

#[test]
fn sessions_in_the_database_outlive_the_instance_without_redis() {
    let app = App::new();
    app.edit("config/session.toml", "idle =", "adapter = \"sql\"\nidle =");
    let (process, base) = app.lift_one(ports::free(), &[]);
    let visitor = Http::new(&base);
    assert_eq!(visitor.get("/visits").json()["visits"], 1);
    assert_eq!(visitor.get("/visits").json()["visits"], 2);
    drop(process);

    let (_process, base) = app.lift_one(ports::free(), &[]);

    assert_eq!(visitor.at(&base).get("/visits").json()["visits"], 3);
}

#[test]
fn logins_of_a_fleet_on_express_session_carry_over() {
    let (redis, secret) = (Redis::new(), "the secret+of/the fleet that was");
    let mut node = Node::start("express-session.mjs");
    let started = node.run(&json!({ "do": "start", "redis": redis.url(), "secret": secret }));
    let old = Http::new(&format!("http://127.0.0.1:{}", started["port"]));
    let app = App::new();
    let import =
        format!("import = \"express\"\nimport_secret = [\"{secret}\"]\nimport_user = \"userId\"\nidle =");
    app.edit("config/session.toml", "idle =", &import);
    let (_process, base) = app.lift_one(ports::free(), &[("REDIS_URL", &redis.url())]);

    for round in 0..20 {
        // A signature has another character that is escaped each time.
        let visitor = old.at(old.base());
        assert_eq!(visitor.get("/login").json(), 41, "round {round}");
        assert_eq!(visitor.get("/").json(), 42);
        let (here, copy) = (visitor.at(&base), visitor.at(&base));
        assert_eq!(here.get("/visits").json()["visits"], 43, "{}", here.cookie());
        let names: BTreeSet<_> =
            here.cookie().split("; ").map(|pair| pair.split('=').next().map(str::to_owned)).collect();
        assert_eq!(names, BTreeSet::from([Some("regatta".to_owned())]));
        assert_eq!(here.get("/visits").json()["visits"], 44);
        assert_eq!(visitor.get("/").json(), 1, "the old fleet no longer knows it");
        let again = copy.get("/visits").json();
        assert_eq!(again["visits"], 45, "a copy of the old cookie finds the same session while it lives");
    }
}
