//! What an instance is told after it was cut off, and what comes only once.

use super::gate::{Gate, Way};
use super::*;
use crate::bus::{Interests, Question, Reply};
use std::cell::Cell;

/// An instance behind a gate of its own.
async fn gated(server: &RedisServer) -> (Instance, Gate) {
    gated_with(server, &SocketsConfig::default()).await
}

async fn gated_with(server: &RedisServer, config: &SocketsConfig) -> (Instance, Gate) {
    interested(server, config, &super::interests()).await
}

async fn interested(server: &RedisServer, config: &SocketsConfig, interests: &Interests) -> (Instance, Gate) {
    let gate = Gate::to(server).await;
    let (deliver, incoming) = mpsc::channel(10_000);
    (Instance { bus: bus::redis(&gate.redis(), config, interests, deliver).unwrap(), incoming }, gate)
}

/// Waits until so many subscriptions know what was before them.
async fn settled(server: &RedisServer, subscriptions: u64) {
    let redis = open(server);
    while calls(&redis, "eval").await < subscriptions {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn publish_numbered(instance: &Instance, numbers: std::ops::Range<usize>) {
    for n in numbers {
        instance.bus.publish(numbered(n));
    }
    instance.bus.flushed().await;
}

fn missed(count: u64) -> Message {
    Message::Missed { count: Some(count) }
}

fn stat(counter: &std::sync::atomic::AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_cut_off_is_told_how_much_it_missed_of_everybody() {
    let server = RedisServer::start().unwrap();
    let (a, (mut b, gate)) = (instance(&server), gated(&server).await);
    settled(&server, 2).await;
    publish_numbered(&a, 0..5).await;
    for n in 0..5 {
        assert_eq!(b.next().await, numbered(n));
    }

    gate.shut(&*b.bus).await;
    publish_numbered(&a, 5..45).await;
    let (namespace, id) = ("/".to_owned(), "abcdef".to_owned());
    let reply = Reply::Clients(1);
    a.bus.publish(Message::Reply { namespace: namespace.clone(), id: id.clone(), reply });
    a.bus.publish(Message::Question { namespace, id: Some(id), question: Question::Rooms });
    let late = instance(&server);
    publish_numbered(&late, 0..7).await;
    drop(late);
    gate.turn(Way::Open);

    assert_eq!(b.next().await, missed(40 + 1 + 7), "without another word of those who published");
    publish_numbered(&a, 45..50).await;
    for n in 45..50 {
        assert_eq!(b.next().await, numbered(n));
    }
    assert_eq!((stat(&b.bus.stats().missed), stat(&a.bus.stats().missed)), (48, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_and_what_was_missed_is_what_was_published() {
    let server = RedisServer::start().unwrap();
    let (a, (mut b, gate)) = (instance(&server), gated(&server).await);
    settled(&server, 2).await;
    let healed = Cell::new(false);
    // Whatever the last cut takes, something is published behind it.
    let publishing = async {
        let mut n = 0;
        let mut end = 3000;
        while n < end {
            a.bus.publish(numbered(n));
            n += 1;
            if !healed.get() {
                end = end.max(n + 100);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        end
    };
    let cutting = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            gate.shut(&*b.bus).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            gate.turn(Way::Open);
            b.bus.subscribed().await;
        }
        healed.set(true);
    };
    let (published, ()) = futures_util::future::join(publishing, cutting).await;
    let (mut next, mut lost, mut told, mut signals) = (0, 0, 0, 0);
    while next < published {
        match b.next().await {
            Message::Missed { count } => {
                signals += 1;
                told += count.unwrap();
            }
            message => {
                let expected =
                    (next..published).find(|&n| numbered(n) == message).expect("nothing twice or late");
                lost += (expected - next) as u64;
                next = expected + 1;
            }
        }
    }
    // Two cuts with nothing heard between them are told as one.
    assert!(lost > 0 && (1..=3).contains(&signals), "{lost} lost, {signals} signals");
    assert_eq!((told, stat(&b.bus.stats().missed)), (lost, lost));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_which_nobody_published_is_no_loss() {
    let server = RedisServer::start().unwrap();
    let (a, (mut b, gate)) = (instance(&server), gated(&server).await);
    settled(&server, 2).await;
    publish_numbered(&a, 0..1).await;
    assert_eq!(b.next().await, numbered(0));
    gate.shut(&*b.bus).await;
    gate.turn(Way::Open);
    settled(&server, 3).await;
    publish_numbered(&a, 1..2).await;
    assert_eq!(b.next().await, numbered(1));
    assert_eq!(stat(&b.bus.stats().missed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_count_make_the_number_unknown() {
    let server = RedisServer::start().unwrap();
    let (a, (mut b, gate)) = (instance(&server), gated(&server).await);
    settled(&server, 2).await;
    let emitted = b"\x93\xa6_qicVY\x83\xa4type\x02\xa4data\x92\xa2ev\x01\xa3nsp\xa1/\x83\xa5rooms\x90\xa5flags\x80\xa6except\x90";
    publish(&open(&server), "socket.io#/#", emitted).await;
    assert_eq!(b.next().await, event(r#"["ev",1]"#));
    gate.shut(&*b.bus).await;
    publish_numbered(&a, 0..3).await;
    gate.turn(Way::Open);
    assert_eq!(b.next().await, Message::Missed { count: None });
    assert_eq!(stat(&b.bus.stats().missed), 3, "as far as it could be counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_lost_its_memory_hides_no_loss() {
    let mut server = RedisServer::start().unwrap();
    let (a, (mut b, gate)) = (instance(&server), gated(&server).await);
    let c = instance(&server);
    settled(&server, 3).await;
    publish_numbered(&a, 0..4).await;
    for n in 0..4 {
        assert_eq!(b.next().await, numbered(n));
    }
    gate.shut(&*b.bus).await;
    publish_numbered(&a, 4..10).await;
    server.kill();
    server.restart().unwrap();
    gate.turn(Way::Open);
    assert_eq!(b.next().await, missed(6), "the publisher says it again");

    publish_numbered(&c, 0..1).await;
    assert_eq!(b.next().await, numbered(0));
    settled(&server, 3).await;
    gate.shut(&*b.bus).await;
    drop(c);
    server.kill();
    server.restart().unwrap();
    gate.turn(Way::Open);
    assert_eq!(b.next().await, Message::Missed { count: None }, "one that is gone can't say it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_has_and_could_not_confirm_is_not_sent_again() {
    let (server, a, gate, mut b) = unconfirmed().await;
    gate.shut(&*a.bus).await;
    let before = calls(&open(&server), "publish").await;
    gate.turn(Way::Open);
    publish_numbered(&a, 2..3).await;
    assert_eq!(b.next().await, numbered(2));
    let sent = calls(&open(&server), "publish").await - before;
    assert!(sent <= 2, "{sent}: the new one, and what the subscription is told");
    assert_eq!((stat(&b.bus.stats().repeated), stat(&b.bus.stats().missed)), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_arrives_once() {
    let (server, a, gate, mut b) = unconfirmed().await;
    gate.shut(&*a.bus).await;
    let mut forget = cmd("DEL");
    forget.arg("socket.io:published");
    let _: i64 = open(&server).query(&forget, Duration::from_secs(5)).await.unwrap();
    gate.turn(Way::Open);
    publish_numbered(&a, 2..3).await;
    assert_eq!(b.next().await, numbered(2));
    assert!(stat(&b.bus.stats().repeated) > 0);
    assert_eq!(stat(&b.bus.stats().missed), 0);
}

/// What `a` published has reached `b`, and `a` does not know.
async fn unconfirmed() -> (RedisServer, Instance, Gate, Instance) {
    let server = RedisServer::start().unwrap();
    let ((a, gate), mut b) = (gated(&server).await, instance(&server));
    settled(&server, 2).await;
    publish_numbered(&a, 0..1).await;
    assert_eq!(b.next().await, numbered(0));
    gate.turn(Way::Mute);
    a.bus.publish(numbered(1));
    assert_eq!(b.next().await, numbered(1));
    (server, a, gate, b)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_outbox_gave_up_is_missed_by_the_others() {
    let server = RedisServer::start().unwrap();
    let config = SocketsConfig { outbox: 10, ..SocketsConfig::default() };
    let ((a, gate), mut b) = (gated_with(&server, &config).await, instance(&server));
    settled(&server, 2).await;
    publish_numbered(&a, 0..1).await;
    assert_eq!(b.next().await, numbered(0));
    gate.shut(&*a.bus).await;
    for n in 1..101 {
        a.bus.publish(numbered(n));
    }
    gate.turn(Way::Open);
    assert_eq!(b.next().await, missed(90));
    for n in 91..101 {
        assert_eq!(b.next().await, numbered(n));
    }
}

fn said_in(namespace: &str) -> Message {
    let (namespace, data) = (namespace.to_owned(), r#"["said"]"#.into());
    Message::Broadcast { namespace, data, rooms: vec![], except: vec![], volatile: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_what_is_said_in_a_namespace_it_does_not_know() {
    let server = RedisServer::start().unwrap();
    let config = SocketsConfig::default();
    let both = Interests { names: vec!["/".to_owned(), "/new".to_owned()], starts: vec![] };
    let (a, _open) = interested(&server, &config, &both).await;
    let (mut b, gate_of_b) = gated(&server).await;
    let (mut c, gate_of_c) = interested(&server, &config, &both).await;
    settled(&server, 3).await;
    for namespace in ["/new", "/", "/new", "/"] {
        a.bus.publish(said_in(namespace));
        assert_eq!(c.next().await, said_in(namespace));
    }
    assert_eq!(
        (b.next().await, b.next().await),
        (said_in("/"), said_in("/")),
        "and no word of anything else"
    );

    gate_of_b.shut(&*b.bus).await;
    gate_of_c.shut(&*c.bus).await;
    for namespace in ["/new", "/new", "/"] {
        a.bus.publish(said_in(namespace));
    }
    a.bus.flushed().await;
    gate_of_b.turn(Way::Open);
    gate_of_c.turn(Way::Open);
    assert_eq!((b.next().await, c.next().await), (missed(1), missed(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_namespaces_known_by_how_they_begin_nobody_counts() {
    let server = RedisServer::start().unwrap();
    let config = SocketsConfig::default();
    let some = Interests { names: vec!["/".to_owned()], starts: vec!["/project/".to_owned()] };
    let (a, _open) = interested(&server, &config, &some).await;
    let (mut b, gate) = interested(&server, &config, &some).await;
    settled(&server, 2).await;
    a.bus.publish(said_in("/project/7"));
    assert_eq!(b.next().await, said_in("/project/7"));
    gate.shut(&*b.bus).await;
    gate.turn(Way::Open);
    assert_eq!(b.next().await, Message::Missed { count: None });
}
