//! Frames and queues: the parts of a socket that need no connection.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_web::body::MessageBody;
use bytes::Bytes;

use super::engine::frame;
use crate::protocol::engine::Revision;

use super::engine::outbox::{Bounds, FrameBody, Outbox};

fn outbox(bytes: usize, packets: usize) -> (Outbox, FrameBody) {
    let outbox = Outbox::new(Bounds { bytes, packets }, Revision::V4);
    let mut body = outbox.clone().into_body();
    assert!(poll(&mut body).is_pending());
    (outbox, body)
}

fn poll(body: &mut FrameBody) -> Poll<Option<Bytes>> {
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(body).poll_next(&mut context).map(|chunk| chunk.map(|chunk| chunk.unwrap()))
}

#[test]
fn frames_have_the_lengths_of_rfc_6455() {
    assert_eq!(&frame::text("hi")[..], b"\x81\x02hi");
    assert_eq!(&frame::text(&"x".repeat(125))[..2], b"\x81\x7d");
    assert_eq!(&frame::text(&"x".repeat(126))[..4], b"\x81\x7e\x00\x7e");
    assert_eq!(&frame::text(&"x".repeat(65_536))[..10], b"\x81\x7f\0\0\0\0\0\x01\0\0");
    assert_eq!(&frame::close(frame::TOO_BIG, "no")[..], b"\x88\x04\x03\xf1no");
}

#[test]
fn what_waits_is_sent_in_order_and_in_one_chunk() {
    let (outbox, mut body) = outbox(1_000, 10);
    for text in ["one ", "two ", "three"] {
        outbox.push(Bytes::from(text)).unwrap();
    }

    assert_eq!(poll(&mut body), Poll::Ready(Some(Bytes::from("one two three"))));
    assert_eq!(poll(&mut body), Poll::Pending);
    assert!(outbox.is_writable());
}

#[test]
fn a_queue_is_full_at_its_bytes_or_its_packets() {
    let (by_bytes, _body) = outbox(10, 100);
    by_bytes.push(Bytes::from("12345678")).unwrap();
    assert!(by_bytes.push(Bytes::from("123")).is_err());

    let (by_packets, mut body) = outbox(1_000, 2);
    by_packets.push(Bytes::from("a")).unwrap();
    by_packets.push(Bytes::from("b")).unwrap();
    assert!(by_packets.push(Bytes::from("c")).is_err());
    assert!(poll(&mut body).is_ready());
    by_packets.push(Bytes::from("d")).unwrap();
}

#[test]
fn one_frame_larger_than_the_bound_still_goes_to_a_client_that_keeps_up() {
    let (outbox, mut body) = outbox(10, 10);
    outbox.push(Bytes::from(vec![b'x'; 100])).unwrap();
    assert_eq!(poll(&mut body).map(|chunk| chunk.map(|chunk| chunk.len())), Poll::Ready(Some(100)));
}

#[test]
fn a_closed_queue_ends_after_its_last_frame_and_takes_no_more() {
    let (outbox, mut body) = outbox(1_000, 10);
    outbox.push(Bytes::from("waiting")).unwrap();
    outbox.close(Bytes::from("bye"), true);
    outbox.push(Bytes::from("too late")).unwrap();

    assert_eq!(poll(&mut body), Poll::Ready(Some(Bytes::from("bye"))));
    assert_eq!(poll(&mut body), Poll::Ready(None));
}
