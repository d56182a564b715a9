//! What waits to be sent to one socket, and the response body that sends it.
//!
//! The frames in the queue are ready for the wire and shared between all receivers of a broadcast. The body
//! hands everything that waits to actix in one chunk, so that a burst costs one write.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::{Bytes, BytesMut};

/// The most bytes handed over at once.
const CHUNK: usize = 64 * 1024;

/// The bounds of one socket's queue.
#[derive(Debug, Clone, Copy)]
pub(in crate::sockets) struct Bounds {
    pub(in crate::sockets) bytes: usize,
    pub(in crate::sockets) packets: usize,
}

#[derive(Debug)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    bounds: Bounds,
    /// Set once nothing more may be queued: the body ends after what is there.
    closed: bool,
    /// The connection's write half, when it waits for a frame.
    writer: Option<Waker>,
}

/// A socket's queue; both halves live on one worker.
#[derive(Debug, Clone)]
pub(in crate::sockets) struct Outbox(Rc<RefCell<Queue>>);

/// The queue is full: the client reads too slowly.
#[derive(Debug)]
pub(in crate::sockets) struct Full;

impl Outbox {
    pub(in crate::sockets) fn new(bounds: Bounds) -> Self {
        Self(Rc::new(RefCell::new(Queue {
            frames: VecDeque::new(),
            bytes: 0,
            bounds,
            closed: false,
            writer: None,
        })))
    }

    /// Queues a frame. A single frame larger than the bound is accepted when nothing else waits.
    pub(in crate::sockets) fn push(&self, frame: Bytes) -> Result<(), Full> {
        let mut queue = self.0.borrow_mut();
        if queue.closed {
            return Ok(());
        }
        let bytes = queue.bytes + frame.len();
        let too_much = bytes > queue.bounds.bytes || queue.frames.len() >= queue.bounds.packets;
        if too_much && !queue.frames.is_empty() {
            return Err(Full);
        }
        queue.bytes = bytes;
        queue.frames.push_back(frame);
        if let Some(writer) = queue.writer.take() {
            writer.wake();
        }
        Ok(())
    }

    /// Whether everything queued so far was handed to the connection.
    pub(in crate::sockets) fn is_writable(&self) -> bool {
        self.0.borrow().frames.is_empty()
    }

    /// Ends the connection after `last`. With `discard` what still waits is given up.
    pub(in crate::sockets) fn close(&self, last: Bytes, discard: bool) {
        let mut queue = self.0.borrow_mut();
        if queue.closed {
            return;
        }
        if discard {
            queue.frames.clear();
        }
        queue.frames.push_back(last);
        queue.closed = true;
        if let Some(writer) = queue.writer.take() {
            writer.wake();
        }
    }

    /// The body of the upgrade's response. `upstream` is kept: actix-ws ends the incoming half when it goes.
    pub(in crate::sockets) fn into_body(self, upstream: BoxBody) -> FrameBody {
        FrameBody { outbox: self, _upstream: upstream }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut queue = self.0.borrow_mut();
        let Some(first) = queue.frames.pop_front() else {
            if queue.closed {
                return Poll::Ready(None);
            }
            queue.writer = Some(cx.waker().clone());
            return Poll::Pending;
        };
        queue.bytes = queue.bytes.saturating_sub(first.len());
        if queue.frames.is_empty() || first.len() >= CHUNK {
            return Poll::Ready(Some(first));
        }
        let mut chunk = BytesMut::with_capacity((queue.bytes + first.len()).min(CHUNK));
        chunk.extend_from_slice(&first);
        while let Some(next) = queue.frames.front() {
            if chunk.len() + next.len() > CHUNK {
                break;
            }
            chunk.extend_from_slice(next);
            queue.bytes = queue.bytes.saturating_sub(next.len());
            queue.frames.pop_front();
        }
        Poll::Ready(Some(chunk.freeze()))
    }
}

/// A response body that streams a socket's frames.
#[derive(Debug)]
pub(in crate::sockets) struct FrameBody {
    outbox: Outbox,
    _upstream: BoxBody,
}

impl MessageBody for FrameBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.outbox.poll(cx).map(|chunk| chunk.map(Ok))
    }
}
