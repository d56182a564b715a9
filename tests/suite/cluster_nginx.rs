//! Three instances on Redis and PostgreSQL behind nginx with the generated `deploy/nginx.conf`.

use regatta_tests::cluster::Cluster;
use regatta_tests::nginx::Nginx;

use crate::behind_a_balancer as behind;
use crate::client_matrix;

fn balanced() -> (Nginx, Cluster) {
    let cluster = Cluster::with_ports();
    let balancer = Nginx::new(&cluster.files().read("deploy/nginx.conf"), &cluster.ports());
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
    let generated = cluster.files().read("deploy/nginx.conf");
    let (from, to) = ("    upstream app {", "    upstream app {\n        hash $remote_addr consistent;");
    assert!(generated.contains(from), "{generated}");
    let balancer = Nginx::new(&generated.replacen(from, to, 1), &cluster.ports());

    behind::a_client_stays_at_one_instance(&balancer.base());
}
