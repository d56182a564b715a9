//! The parent of several instances on one host: what it keeps running, replaces, and answers.

mod commands;
mod figures;
mod listening;
mod proxied;
mod rolling;
mod starting;

use std::time::Duration;

use regatta_tests::cluster::Cluster;
use regatta_tests::wait;
use serde_json::Value;

/// The fleet's instances as `fleet status` tells them.
fn instances(cluster: &Cluster) -> Vec<Value> {
    cluster.fleet(&["status"])["instances"].as_array().cloned().expect("a list")
}

/// Their process ids.
fn pids(cluster: &Cluster) -> Vec<u64> {
    let mut pids: Vec<_> = instances(cluster).iter().filter_map(|one| one["pid"].as_u64()).collect();
    pids.sort_unstable();
    pids
}

/// Waits until there are so many instances, all ready.
#[track_caller]
fn wait_ready(cluster: &Cluster, count: usize, deadline: Duration) {
    wait::until_true(&format!("{count} ready instances"), deadline, || {
        let all = instances(cluster);
        all.len() == count && all.iter().all(|one| one["state"] == "ready")
    });
}
