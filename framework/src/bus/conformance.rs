//! What every bus between instances does, whatever carries it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::{Bus, Message};

/// An instance as its bus sees it.
pub(super) struct Instance {
    pub(super) bus: Arc<dyn Bus>,
    pub(super) incoming: Receiver<Message>,
}

impl Instance {
    pub(super) async fn next(&mut self) -> Message {
        timeout(Duration::from_secs(10), self.incoming.recv()).await.expect("nothing came").expect("it ended")
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(super) fn event(data: &str) -> Message {
    Message::Broadcast {
        namespace: "/".to_owned(),
        data: data.to_owned().into(),
        rooms: vec![],
        except: vec![],
        volatile: false,
    }
}

/// Runs the suite on two instances of one fleet.
pub(super) async fn run(mut a: Instance, mut b: Instance) {
    a.bus.subscribed().await;
    b.bus.subscribed().await;
    every_kind_of_message_arrives_as_it_was_sent(&mut a, &mut b).await;
    own_messages_do_not_come_back(&mut a, &mut b).await;
    the_order_of_a_sender_is_kept(&mut a, &mut b).await;
    any_text_and_a_large_one_arrive_whole(&mut a, &mut b).await;
    what_went_through_is_counted(&a, &b);
}

async fn every_kind_of_message_arrives_as_it_was_sent(a: &mut Instance, b: &mut Instance) {
    let namespace = || "/".to_owned();
    let (rooms, except, targets) = (names(&["r1", "räume"]), names(&["x#y", ""]), names(&["t1", "t2"]));
    let data = || r#"["said",{"text":"hi","n":[1,2.5,null]}]"#.into();
    let messages = [
        event(r#"["hello"]"#),
        Message::Broadcast {
            namespace: namespace(),
            data: data(),
            rooms: rooms.clone(),
            except: except.clone(),
            volatile: true,
        },
        Message::Broadcast {
            namespace: namespace(),
            data: data(),
            rooms: names(&["one"]),
            except: vec![],
            volatile: false,
        },
        Message::Join {
            namespace: namespace(),
            rooms: rooms.clone(),
            except: except.clone(),
            targets: targets.clone(),
        },
        Message::Leave { namespace: namespace(), rooms: rooms.clone(), except: except.clone(), targets },
        Message::LeaveAll { namespace: namespace(), rooms: rooms.clone(), except: except.clone() },
        Message::Disconnect { namespace: namespace(), rooms, except, close: true },
    ];
    for message in &messages {
        a.bus.publish(message.clone());
        assert_eq!(b.next().await, *message);
        b.bus.publish(message.clone());
        assert_eq!(a.next().await, *message);
    }
}

async fn own_messages_do_not_come_back(a: &mut Instance, b: &mut Instance) {
    a.bus.publish(event(r#"["mine"]"#));
    assert_eq!(b.next().await, event(r#"["mine"]"#));
    b.bus.publish(event(r#"["yours"]"#));
    assert_eq!(a.next().await, event(r#"["yours"]"#), "the own message would have come first");
}

async fn the_order_of_a_sender_is_kept(a: &mut Instance, b: &mut Instance) {
    for n in 0..2000 {
        a.bus.publish(numbered(n));
    }
    for n in 0..2000 {
        assert_eq!(b.next().await, numbered(n));
    }
    a.bus.flushed().await;
}

/// Alternates between what travels on different channels.
pub(super) fn numbered(n: usize) -> Message {
    let text = n.to_string();
    if n.is_multiple_of(3) {
        let (rooms, targets) = (vec![], vec![text]);
        return Message::Join { namespace: "/".to_owned(), rooms, except: vec![], targets };
    }
    let rooms = if n.is_multiple_of(2) { vec![] } else { names(&["room"]) };
    let data = format!(r#"["n",{n}]"#).into();
    Message::Broadcast { namespace: "/".to_owned(), data, rooms, except: vec![], volatile: false }
}

async fn any_text_and_a_large_one_arrive_whole(a: &mut Instance, b: &mut Instance) {
    let odd = event(r#"["grüße 😀","\"\\\n\u0001","日本語",{"ключ":"значение"}]"#);
    a.bus.publish(odd.clone());
    assert_eq!(b.next().await, odd);
    let large = event(&format!(r#"["large","{}"]"#, "é".repeat(500_000)));
    a.bus.publish(large.clone());
    assert_eq!(b.next().await, large);
}

fn what_went_through_is_counted(a: &Instance, b: &Instance) {
    let (sent, got) = (a.bus.stats(), b.bus.stats());
    assert_eq!(sent.published.load(Ordering::Relaxed), got.received.load(Ordering::Relaxed));
    assert_eq!(sent.dropped.load(Ordering::Relaxed) + got.dropped.load(Ordering::Relaxed), 0);
    assert_eq!(sent.ignored.load(Ordering::Relaxed) + got.ignored.load(Ordering::Relaxed), 0);
}
