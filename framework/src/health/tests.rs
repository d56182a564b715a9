use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Check, Finding, Health, Readiness, Standing};

const WELL: u8 = 0;
const BROKEN: u8 = 1;
const HUNG: u8 = 2;

/// Something that can be asked how it is, and is as it is told to be.
#[derive(Clone, Default)]
struct Service {
    state: Arc<AtomicU8>,
    asked: Arc<AtomicUsize>,
}

impl Service {
    fn turn(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
    }

    fn watched(&self, grace: Duration) -> Readiness {
        let (health, service) = (Health::default(), self.clone());
        health.register(Check::new("nobody's", || async { Finding::Error("never asked".to_owned()) }));
        let check = Check::new("service", move || {
            let service = service.clone();
            async move {
                service.asked.fetch_add(1, Ordering::SeqCst);
                match service.state.load(Ordering::SeqCst) {
                    WELL => Finding::Good("fine".to_owned()),
                    BROKEN => Finding::Error("it is away".to_owned()),
                    _ => std::future::pending().await,
                }
            }
        });
        health.register(check.for_readiness());
        Readiness::new(health, grace, &tokio::runtime::Handle::current())
    }
}

async fn asked(readiness: &Readiness) -> Standing {
    let mut standings = readiness.ask().await;
    assert_eq!(standings.len(), 1, "only what decides about readiness");
    standings.remove(0)
}

/// Asks until `is_so`, which it has to be within 10 s.
async fn until(readiness: &Readiness, is_so: impl Fn(&Standing) -> bool) -> Standing {
    let started = Instant::now();
    loop {
        let standing = asked(readiness).await;
        if is_so(&standing) {
            return standing;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{standing:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_failure_counts_once_it_has_lasted() {
    let service = Service::default();
    let readiness = service.watched(Duration::from_millis(1_500));
    assert!(asked(&readiness).await.is_ready);
    service.turn(BROKEN);
    let broken = Instant::now();

    let failing = until(&readiness, |standing| !standing.is_well).await;
    assert!(failing.is_ready, "not at once: {failing:?}");
    assert!(failing.line().starts_with("service: it is away (for 0."), "{}", failing.line());
    let unready = until(&readiness, |standing| !standing.is_ready).await;
    assert!(broken.elapsed() >= Duration::from_millis(1_500), "{:?}", broken.elapsed());
    assert!(unready.since >= Duration::from_millis(1_500), "{unready:?}");
    assert_eq!(unready.line(), "service: it is away");

    service.turn(WELL);
    let well = until(&readiness, |standing| standing.is_well).await;
    assert!(well.is_ready && well.since < Duration::from_secs(1), "{well:?}");
}

#[tokio::test]
async fn what_never_was_well_counts_at_once() {
    let service = Service::default();
    service.turn(BROKEN);
    let readiness = service.watched(Duration::from_secs(60));
    assert!(!asked(&readiness).await.is_ready);
    service.turn(WELL);
    until(&readiness, |standing| standing.is_ready).await;
}

#[tokio::test]
async fn nobody_waits_for_a_check_that_hangs_and_it_counts_as_failing() {
    let service = Service::default();
    let readiness = service.watched(Duration::from_millis(1_500));
    asked(&readiness).await;
    service.turn(HUNG);
    tokio::time::sleep(Duration::from_millis(600)).await;

    let started = Instant::now();
    let standing = asked(&readiness).await;
    assert!(started.elapsed() < Duration::from_millis(450), "{:?}", started.elapsed());
    assert!(standing.is_well && standing.is_ready, "it may still answer: {standing:?}");
    let unready = until(&readiness, |standing| !standing.is_ready).await;
    assert_eq!(unready.line(), "service: it does not answer");
    assert_eq!(service.asked.load(Ordering::SeqCst), 2, "a check that hangs is not asked again");
}

#[tokio::test]
async fn many_who_ask_at_once_ask_once() {
    let service = Service::default();
    let readiness = service.watched(Duration::from_secs(3));
    futures_util::future::join_all((0..50).map(|_| asked(&readiness))).await;
    asked(&readiness).await;
    assert_eq!(service.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_was_known_is_told_without_asking() {
    let service = Service::default();
    let readiness = service.watched(Duration::from_secs(3));
    assert!(readiness.known().is_empty());
    asked(&readiness).await;
    assert!(readiness.known()[0].is_well);
    assert_eq!(service.asked.load(Ordering::SeqCst), 1);
}
