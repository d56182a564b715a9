//! What waits to be sent to one socket, and the response body that sends it.
//!
//! The frames in the queue are ready for the wire and shared between all receivers of a broadcast. The body
//! hands everything that waits to actix in one chunk, so that a burst costs one write.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::frame;
use crate::protocol::engine::Revision;

/// The most bytes handed over at once.
const CHUNK: usize = 64 * 1024;

/// The number of the body that is the only one to take frames.
const BODY: u64 = 0;

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
    /// Whoever takes frames, when it waits for one.
    writer: Option<(u64, Waker)>,
    /// How many there were.
    writers: u64,
    /// Whether requests come for the frames: between them there is nobody to take one at once.
    polled: bool,
    revision: Revision,
}

/// A socket's queue; both halves live on one worker.
#[derive(Debug, Clone)]
pub(in crate::sockets) struct Outbox(Rc<RefCell<Queue>>);

/// The queue is full: the client reads too slowly.
#[derive(Debug)]
pub(in crate::sockets) struct Full;

impl Outbox {
    pub(in crate::sockets) fn new(bounds: Bounds, revision: Revision) -> Self {
        Self(Rc::new(RefCell::new(Queue {
            frames: VecDeque::new(),
            bytes: 0,
            bounds,
            closed: false,
            writer: None,
            writers: 0,
            polled: false,
            revision,
        })))
    }

    /// Whether the frames leave with the answers to requests, not over a WebSocket.
    pub(super) fn set_polled(&self, polled: bool) {
        self.0.borrow_mut().polled = polled;
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
        if let Some((_, writer)) = queue.writer.take() {
            writer.wake();
        }
        Ok(())
    }

    /// Whether messages wait: the end of the connection is none.
    pub(super) fn has_messages(&self) -> bool {
        let queue = self.0.borrow();
        queue.frames.len() > usize::from(queue.closed)
    }

    /// Whether everything queued so far was handed to the connection.
    pub(in crate::sockets) fn is_writable(&self) -> bool {
        let queue = self.0.borrow();
        queue.frames.is_empty() && (!queue.polled || queue.writer.is_some())
    }

    /// What waits, once something does, at most `limit` frames. Nothing is lost when nobody waits for it any longer.
    pub(super) async fn next(&self, limit: usize) -> VecDeque<Bytes> {
        let writer = self.writer();
        poll_fn(|cx| {
            let mut queue = self.0.borrow_mut();
            if queue.frames.is_empty() && !queue.closed {
                queue.writer = Some((writer.number, cx.waker().clone()));
                return Poll::Pending;
            }
            let count = queue.frames.len().min(limit);
            let frames: VecDeque<_> = queue.frames.drain(..count).collect();
            let taken = frames.iter().map(Bytes::len).sum();
            queue.bytes = queue.bytes.saturating_sub(taken);
            Poll::Ready(frames)
        })
        .await
    }

    /// Puts back what could not be delivered, before everything else.
    pub(super) fn restore(&self, mut frames: VecDeque<Bytes>) {
        let mut queue = self.0.borrow_mut();
        queue.bytes += frames.iter().map(Bytes::len).sum::<usize>();
        frames.append(&mut queue.frames);
        queue.frames = frames;
        if let Some((_, writer)) = queue.writer.take() {
            writer.wake();
        }
    }

    /// The next bytes for a WebSocket; nothing when the connection has ended.
    pub(super) async fn chunk(&self) -> Option<Bytes> {
        let writer = self.writer();
        poll_fn(|cx| self.poll(cx, writer.number)).await
    }

    fn writer(&self) -> Writer<'_> {
        let mut queue = self.0.borrow_mut();
        queue.writers += 1;
        Writer { outbox: self, number: queue.writers }
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
        if let Some((_, writer)) = queue.writer.take() {
            writer.wake();
        }
    }

    /// The body of the upgrade's response.
    pub(in crate::sockets) fn into_body(self) -> FrameBody {
        FrameBody(self)
    }

    fn poll(&self, cx: &mut Context<'_>, number: u64) -> Poll<Option<Bytes>> {
        let mut queue = self.0.borrow_mut();
        let Some(first) = queue.frames.pop_front() else {
            if queue.closed {
                return Poll::Ready(None);
            }
            queue.writer = Some((number, cx.waker().clone()));
            return Poll::Pending;
        };
        queue.bytes = queue.bytes.saturating_sub(first.len());
        let revision = queue.revision;
        let ready = |frame| if revision == Revision::V3 { frame::of_revision_3(frame) } else { frame };
        let first = ready(first);
        if queue.frames.is_empty() || first.len() >= CHUNK {
            return Poll::Ready(Some(first));
        }
        let mut chunk = BytesMut::with_capacity((queue.bytes + first.len()).min(CHUNK));
        chunk.extend_from_slice(&first);
        while let Some(next) = queue.frames.pop_front_if(|next| chunk.len() + next.len() <= CHUNK) {
            queue.bytes = queue.bytes.saturating_sub(next.len());
            chunk.extend_from_slice(&ready(next));
        }
        Poll::Ready(Some(chunk.freeze()))
    }
}

/// Somebody who takes frames; when it is gone nobody waits any longer, unless another one does by now.
struct Writer<'a> {
    outbox: &'a Outbox,
    number: u64,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        self.outbox.0.borrow_mut().writer.take_if(|(number, _)| *number == self.number);
    }
}

/// A response body that streams a socket's frames.
#[derive(Debug)]
pub(in crate::sockets) struct FrameBody(Outbox);

impl MessageBody for FrameBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.0.poll(cx, BODY).map(|chunk| chunk.map(Ok))
    }
}

/// A response body that streams what comes out of a channel.
#[derive(Debug)]
pub(super) struct ChannelBody(mpsc::Receiver<Bytes>);

impl ChannelBody {
    pub(super) fn new(chunks: mpsc::Receiver<Bytes>) -> Self {
        Self(chunks)
    }
}

impl MessageBody for ChannelBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(Ok))
    }
}
