//! The figures of an instance: what each part of it reports.

use std::time::{Duration, SystemTime};

use super::server::Parts;
use crate::config::Config;
use crate::metrics::{Kind, report_process};
use crate::{Error, Result};

/// The most bounds of times.
const MOST: usize = 32;

/// The bounds by which times are told apart.
///
/// # Errors
/// When there are too many, or one is not above the one before it.
pub(super) fn bounds(config: &Config) -> Result<Vec<Duration>> {
    let bounds: Vec<_> = config.metrics.buckets.iter().map(|bound| bound.get()).collect();
    let is_rising = bounds.is_sorted_by(|one, next| one < next);
    if bounds.len() > MOST || !is_rising || bounds.first().is_some_and(Duration::is_zero) {
        return Err(Error::internal(format!(
            "buckets in config/metrics.toml are at most {MOST} times above 0s, each longer than the one before it"
        )));
    }
    Ok(bounds)
}

/// Registers what there is to tell.
pub(super) fn register(parts: &Parts) {
    let metrics = &parts.metrics;
    let (app, started) = (parts.app.name, SystemTime::now());
    metrics.register(move |page| {
        let mut build = page.family(Kind::Gauge, "regatta_build_info", "What runs here; always 1.");
        build.sample(&[("app", app), ("regatta", env!("CARGO_PKG_VERSION"))], 1);
        report_process(page, started);
    });
    let probes = parts.probes.clone();
    metrics.register(move |page| probes.report(page));
    let (sockets, sessions) = (parts.sockets.clone(), parts.sessions.clone());
    metrics.register(move |page| sockets.report(page));
    metrics.register(move |page| sessions.report(page));
    let (db, cache, gate) = (parts.db.clone(), parts.cache.clone(), parts.gate.clone());
    metrics.register(move |page| db.report(page));
    metrics.register(move |page| cache.report(page));
    metrics.register(move |page| gate.report(page));
    for requests in parts.requests.clone() {
        metrics.register(move |page| requests.report(page));
    }
}
