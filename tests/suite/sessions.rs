//! Sessions of the scaffolded app on three instances.

use std::thread;

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::ports;
use regatta_tests::scaffold::App;

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
