//! Whether an instance hears itself.

use super::gate::{Gate, Way};
use super::*;
use crate::health::Finding;

/// A bus behind a gate.
async fn gated(server: &RedisServer) -> (Arc<dyn bus::Bus>, Gate, mpsc::Receiver<Message>) {
    let gate = Gate::to(server).await;
    let (deliver, incoming) = mpsc::channel(100);
    let config = SocketsConfig::default();
    (bus::redis(&gate.redis(), &config, &super::interests(), deliver).unwrap(), gate, incoming)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_is_well_while_what_it_publishes_comes_back() {
    let server = RedisServer::start().unwrap();
    let (bus, gate, mut incoming) = gated(&server).await;
    let check = bus.check().unwrap();
    assert!(check.readiness);
    let well = check.run().await;
    assert!(matches!(&well, Finding::Good(text) if text.contains("heard itself after")), "{well:?}");
    let mut page = crate::metrics::Page::default();
    bus.report(&mut page);
    assert!(page.into_text().contains("\nregatta_bus_round_trip_seconds 0."));

    gate.turn(Way::Mute);
    let started = Instant::now();
    let broken = check.run().await;
    assert!(broken.is_error() && started.elapsed() < Duration::from_secs(2), "{broken:?}");
    gate.turn(Way::Open);
    let again = async {
        while check.run().await.is_error() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
    assert!(incoming.try_recv().is_err(), "nobody is told of that");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_at_once_and_in_an_outage_send_few_messages() {
    let server = RedisServer::start().unwrap();
    let (bus, gate, _incoming) = gated(&server).await;
    let check = bus.check().unwrap();
    assert!(!check.run().await.is_error());
    gate.turn(Way::Mute);
    for _ in 0..3 {
        let broken = futures_util::future::join_all((0..10).map(|_| check.run())).await;
        assert!(broken.iter().all(Finding::is_error));
    }
    let mut page = crate::metrics::Page::default();
    bus.report(&mut page);
    let page = page.into_text();
    let waiting = page.lines().find_map(|line| line.strip_prefix("regatta_bus_waiting "));
    let waiting: usize = waiting.unwrap().parse().unwrap();
    assert!((1..=2).contains(&waiting) && page.contains("published_total 0\n"), "{page}");
}
