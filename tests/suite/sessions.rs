//! Sessions of the scaffolded app on three instances.

use std::thread;

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;

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
