//! `/livez`: the process answers. `/readyz`: it should get traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use tokio::sync::Mutex;

use crate::health::{Finding, Health};
use crate::http::{Drain, Told};
use crate::security::SECRET_CHECK;

/// How long a finding is reused: balancers ask often.
const FRESH: Duration = Duration::from_millis(500);

/// Whether this instance should get traffic.
#[derive(Debug, Clone)]
pub(crate) struct Readiness(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    health: Health,
    drain: Drain,
    /// Whether the instance takes requests.
    has_started: AtomicBool,
    last: Mutex<Option<(Instant, Option<String>)>>,
}

impl Readiness {
    pub(crate) fn new(health: Health, drain: Drain) -> Self {
        let (has_started, last) = (AtomicBool::new(false), Mutex::new(None));
        Self(Arc::new(Shared { health, drain, has_started, last }))
    }

    /// The instance takes requests from now on.
    pub(super) fn start(&self) {
        self.0.has_started.store(true, Ordering::Relaxed);
    }

    /// The same for whoever runs the app.
    pub(super) async fn tell(&self) -> Told {
        let trouble = self.trouble().await;
        Told::health(trouble.is_none(), trouble.unwrap_or_else(|| "ok\n".to_owned()))
    }

    /// Why the instance should get no traffic; nothing when it should.
    async fn trouble(&self) -> Option<String> {
        if !self.0.has_started.load(Ordering::Relaxed) {
            return Some("starting\n".to_owned());
        }
        if self.0.drain.has_begun() {
            return Some("stopping\n".to_owned());
        }
        let mut last = self.0.last.lock().await;
        if let Some((when, trouble)) = &*last
            && when.elapsed() < FRESH
        {
            return trouble.clone();
        }
        let findings = self.0.health.readiness().await;
        let broken = findings.iter().filter(|(_, finding)| finding.is_error());
        let text = broken.fold(String::new(), |text, (name, finding)| text + &line(name, finding));
        let trouble = (!text.is_empty()).then_some(text);
        *last = Some((Instant::now(), trouble.clone()));
        trouble
    }
}

/// Says in the log when this instance signs sessions with another secret than the others.
pub(super) async fn compare_secrets(health: Health) {
    for check in health.checks().into_iter().filter(|check| check.name == SECRET_CHECK) {
        if let Finding::Error(text) = check.run().await {
            tracing::error!("not ready: {text}");
        }
    }
}

fn line(name: &str, finding: &Finding) -> String {
    if crate::error::is_production() { format!("{name}\n") } else { format!("{name}: {}\n", finding.text()) }
}

pub(super) async fn live() -> &'static str {
    "ok"
}

pub(super) async fn ready(readiness: web::Data<Readiness>) -> HttpResponse {
    match readiness.trouble().await {
        None => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok"),
        Some(text) => HttpResponse::ServiceUnavailable().content_type("text/plain; charset=utf-8").body(text),
    }
}
