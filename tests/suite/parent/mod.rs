//! The parent of several instances on one host: what it keeps running, replaces, and answers.

mod commands;
mod figures;
mod listening;
mod proxied;
mod rolling;
mod starting;

use std::time::Duration;

use regatta_tests::cluster::Cluster;
use regatta_tests::http::Http;
use regatta_tests::wait;
use serde_json::Value;

/// The fleet's instances as `fleet status` tells them.
fn instances(cluster: &Cluster) -> Vec<Value> {
    cluster.fleet(&["status"])["instances"].as_array().cloned().expect("a list")
}

/// Their process ids.
pub(crate) fn pids(cluster: &Cluster) -> Vec<u64> {
    let mut pids: Vec<_> = instances(cluster).iter().filter_map(|one| one["pid"].as_u64()).collect();
    pids.sort_unstable();
    pids
}

/// Waits until there are so many instances, all ready.
#[track_caller]
pub(crate) fn wait_ready(cluster: &Cluster, count: usize, deadline: Duration) {
    wait::until_true(&format!("{count} ready instances"), deadline, || {
        let all = instances(cluster);
        all.len() == count && all.iter().all(|one| one["state"] == "ready")
    });
}

/// The messages of the load in the database, by their bodies.
pub(crate) fn said(base: &str) -> Vec<String> {
    let http = Http::new(base);
    let mut bodies = Vec::new();
    loop {
        let page = http.get(&format!("/message?limit=100&sort=id&skip={}", bodies.len())).json();
        let page = page.as_array().expect("a list").clone();
        if page.is_empty() {
            bodies.retain(|body: &String| body.starts_with("load "));
            bodies.sort();
            return bodies;
        }
        bodies.extend(page.iter().map(|message| message["body"].as_str().unwrap_or_default().to_owned()));
    }
}
