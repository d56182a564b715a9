//! `/livez`: the process answers. `/readyz`: it should get traffic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, web};

use crate::health::{Finding, Health, Readiness, Standing};
use crate::http::{Drain, Told};
use crate::metrics::{Kind, Page};
use crate::security::SECRET_CHECK;

/// Whether this instance should get traffic: it has started, does not stop, and its checks are well.
#[derive(Debug, Clone)]
pub(crate) struct Probes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    readiness: Readiness,
    drain: Drain,
    has_started: AtomicBool,
}

impl Probes {
    pub(crate) fn new(readiness: Readiness, drain: Drain) -> Self {
        Self(Arc::new(Shared { readiness, drain, has_started: AtomicBool::new(false) }))
    }

    /// The instance takes requests from now on.
    pub(super) fn start(&self) {
        self.0.has_started.store(true, Ordering::Relaxed);
    }

    /// Why there should be no traffic whatever the checks say.
    fn phase(&self) -> Option<&'static str> {
        if self.0.drain.has_begun() {
            return Some("stopping");
        }
        (!self.0.has_started.load(Ordering::Relaxed)).then_some("starting")
    }

    /// Why the instance should get no traffic; nothing when it should.
    async fn trouble(&self) -> Option<String> {
        if let Some(phase) = self.phase() {
            return Some(format!("{phase}\n"));
        }
        let standings = self.0.readiness.ask().await;
        let broken = standings.iter().filter(|standing| !standing.is_ready);
        let text = broken.fold(String::new(), |text, standing| text + &line(standing));
        (!text.is_empty()).then_some(text)
    }

    /// The same for whoever runs the app: every check, how it is and since when.
    pub(super) async fn tell(&self) -> Told {
        let standings = self.0.readiness.ask().await;
        let phase = self.phase().or(is_unready(&standings).then_some("not ready"));
        let mut text = format!("{}\n", phase.unwrap_or("ready"));
        for standing in &standings {
            let state = if standing.is_well { "well" } else { "failing" };
            text += &format!("{state} for {} s, {}\n", standing.since.as_secs(), standing.line());
        }
        Told::health(phase.is_none(), text)
    }

    /// Asks the checks, so that their figures are new.
    pub(super) async fn refresh(&self) {
        self.0.readiness.ask().await;
    }

    pub(super) fn report(&self, page: &mut Page) {
        let standings = self.0.readiness.known();
        let is_ready = self.phase().is_none() && !is_unready(&standings);
        page.gauge(
            "regatta_ready",
            "Whether the instance should get traffic, as 1 or 0.",
            u8::from(is_ready),
        );
        // Of several datastores of one kind the worst counts.
        let mut checks = BTreeMap::new();
        for standing in standings {
            let is_well = checks.entry(standing.name).or_insert(true);
            *is_well &= standing.is_well;
        }
        let mut family =
            page.family(Kind::Gauge, "regatta_check_well", "Whether the check is well, as 1 or 0.");
        for (name, is_well) in checks {
            family.sample(&[("check", name)], u8::from(is_well));
        }
    }
}

fn is_unready(standings: &[Standing]) -> bool {
    standings.iter().any(|standing| !standing.is_ready)
}

/// Says in the log when this instance signs sessions with another secret than the others.
pub(super) async fn compare_secrets(health: Health) {
    for check in health.checks().into_iter().filter(|check| check.name == SECRET_CHECK) {
        if let Finding::Error(text) = check.run().await {
            tracing::error!("not ready: {text}");
        }
    }
}

fn line(standing: &Standing) -> String {
    if crate::error::is_production() {
        format!("{}\n", standing.name)
    } else {
        format!("{}\n", standing.line())
    }
}

pub(super) async fn live() -> &'static str {
    "ok"
}

pub(super) async fn ready(probes: web::Data<Probes>) -> HttpResponse {
    match probes.trouble().await {
        None => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok"),
        Some(text) => HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(text),
    }
}
