//! Three instances on Redis and PostgreSQL behind HAProxy with the generated `deploy/haproxy.cfg`.

use regatta_tests::cluster::Cluster;
use regatta_tests::haproxy::Haproxy;

use crate::behind_a_balancer as behind;
use crate::client_matrix;

fn balanced() -> (Haproxy, Cluster) {
    let cluster = Cluster::with_ports();
    let balancer = Haproxy::new(&cluster.files().read("deploy/haproxy.cfg"), &cluster.ports());
    (balancer, cluster)
}

#[test]
fn pages_on_different_instances_see_each_other() {
    let (balancer, cluster) = balanced();

    behind::pages_on_different_instances_see_each_other(&cluster, &balancer.base());
}

#[test]
fn no_visit_is_lost() {
    let (balancer, cluster) = balanced();

    behind::no_visit_is_lost(&cluster, &balancer.base());
}

#[test]
fn the_stock_client_hears_another_instance() {
    let (balancer, cluster) = balanced();

    behind::the_stock_client_hears_another_instance(&cluster, &balancer.base());
}

#[test]
fn every_client_over_every_transport() {
    let (balancer, cluster) = balanced();

    client_matrix::every_client_over_every_transport(&cluster, &balancer.base());
}

#[test]
fn the_hint_keeps_a_client_at_one_instance() {
    let cluster = Cluster::with_ports();
    let generated = cluster.files().read("deploy/haproxy.cfg");
    let (from, to) = ("    balance roundrobin", "    balance source");
    assert!(generated.contains(from), "{generated}");
    let balancer = Haproxy::new(&generated.replacen(from, to, 1), &cluster.ports());

    behind::a_client_stays_at_one_instance(&balancer.base());
}
