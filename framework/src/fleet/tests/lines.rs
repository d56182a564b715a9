//! The line between a parent and a child.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::fleet::line::Line;
use crate::fleet::words::{Reply, Request};

fn said(request: &Request) -> String {
    serde_json::to_string(request).unwrap()
}

#[tokio::test]
async fn messages_come_whole_in_order_and_once() {
    let (own, mut other) = UnixStream::pair().unwrap();
    let mut line = Line::<Request>::new(own).unwrap();
    let scale = said(&Request::Scale(7)) + "\n";
    let (front, back) = scale.split_at(4);
    other.write_all(front.as_bytes()).unwrap();
    assert!(
        tokio::time::timeout(Duration::from_millis(50), line.next()).await.is_err(),
        "half a message is none"
    );
    other.write_all(format!("{back}{}\n", said(&Request::Restart)).as_bytes()).unwrap();

    assert!(matches!(line.next().await, Some(Request::Scale(7))));
    assert!(matches!(line.next().await, Some(Request::Restart)));
    drop(other);
    assert!(line.next().await.is_none());
}

#[tokio::test]
async fn what_makes_no_sense_is_passed_over() {
    let (own, mut other) = UnixStream::pair().unwrap();
    let mut line = Line::<Request>::new(own).unwrap();
    other.write_all(b"{\"a-word-of-tomorrow\":1}\n\n\xff\n\"status\"\n").unwrap();
    assert!(matches!(line.next().await, Some(Request::Status)));
}

#[tokio::test]
async fn an_endless_message_ends_the_line() {
    let (own, other) = UnixStream::pair().unwrap();
    let mut line = Line::<Request>::new(own).unwrap();
    let writer = std::thread::spawn(move || {
        let mut other = other;
        // It fails once the other end is gone.
        while other.write_all(&[b'x'; 4096]).is_ok() {}
    });
    assert!(line.next().await.is_none());
    drop(line);
    writer.join().unwrap();
}

#[tokio::test]
async fn who_does_not_read_makes_nobody_wait_but_who_says_so() {
    let (own, other) = UnixStream::pair().unwrap();
    let line = Line::<Request>::new(own).unwrap();
    let reply = Reply::Line("x".repeat(1_000));
    // Not for ever: what the kernel keeps is bounded.
    let told = (0..100_000).take_while(|_| line.tell(&reply)).count();
    assert!((1..100_000).contains(&told));
    let patient = tokio::time::timeout(Duration::from_millis(50), line.say(&reply));
    assert!(patient.await.is_err());
    drop(other);
}
