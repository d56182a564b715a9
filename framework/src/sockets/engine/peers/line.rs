//! A connection between two instances, on which many calls go on at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::frame::{Frame, Opening};

/// Frames that may wait to be written.
const WRITER: usize = 1_024;

/// Frames that may wait for one call; a WebSocket that is slower than that is given up.
const CALL: usize = 256;

/// Bytes written at once.
const CHUNK: usize = 64 * 1024;

/// The calls by their numbers; nothing once the connection has ended.
type Calls = Arc<Mutex<Option<HashMap<u64, mpsc::Sender<Frame>>>>>;

/// One end of the connection. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    calls: Calls,
    writer: mpsc::Sender<(u64, Frame)>,
}

/// One end of a call.
#[derive(Debug)]
pub(super) struct Call {
    number: u64,
    line: Line,
    frames: mpsc::Receiver<Frame>,
}

impl Line {
    /// The line over `stream`, and what reads from it: that ends with the connection. The other end's calls are
    /// given to `answer`.
    pub(super) fn open(
        stream: TcpStream,
        answer: impl Fn(Opening, Call) + Send + 'static,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (reading, writing) = stream.into_split();
        let (writer, waiting) = mpsc::channel(WRITER);
        let line = Self { calls: Arc::new(Mutex::new(Some(HashMap::new()))), writer };
        let own = line.clone();
        let work = async move {
            tokio::select! {
                () = read(reading, &own, answer) => {}
                () = write(writing, waiting) => {}
            }
            // Every call that still waits learns that nobody answers, and so does one that comes now.
            *own.calls.lock().unwrap_or_else(PoisonError::into_inner) = None;
        };
        (line, work)
    }

    pub(super) fn is_open(&self) -> bool {
        !self.writer.is_closed()
    }

    /// Begins the call `number`. On a line that has ended it hears nothing.
    pub(super) fn call(&self, number: u64) -> Call {
        let (sender, frames) = mpsc::channel(CALL);
        if let Some(calls) = &mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner) {
            calls.insert(number, sender);
        }
        Call { number, line: self.clone(), frames }
    }

    /// Hands a frame to its call; one that is too far behind is ended.
    fn deliver(&self, number: u64, frame: Frame) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(calls) = &mut *calls else { return };
        if calls.get(&number).is_some_and(|call| call.try_send(frame).is_err()) {
            calls.remove(&number);
        }
    }
}

impl Call {
    /// Says something to the other end.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) async fn say(&self, frame: Frame) -> Result<(), ()> {
        self.line.writer.send((self.number, frame)).await.map_err(drop)
    }

    /// What the other end says next; nothing when it is gone.
    pub(super) async fn hear(&mut self) -> Option<Frame> {
        self.frames.recv().await
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(calls) = &mut *self.line.calls.lock().unwrap_or_else(PoisonError::into_inner) {
            calls.remove(&self.number);
        }
        // A full writer means that the other end does not read; then it does not wait for this either.
        let _ = self.line.writer.try_send((self.number, Frame::End));
    }
}

async fn read(mut from: OwnedReadHalf, line: &Line, answer: impl Fn(Opening, Call)) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    while let Ok(1..) = from.read_buf(&mut buffer).await {
        loop {
            match Frame::read(&mut buffer) {
                Ok(Some((number, Frame::Open(opening)))) => answer(opening, line.call(number)),
                Ok(Some((number, frame))) => line.deliver(number, frame),
                Ok(None) => break,
                Err(()) => return,
            }
        }
    }
}

async fn write(mut to: OwnedWriteHalf, mut waiting: mpsc::Receiver<(u64, Frame)>) {
    let mut buffer = BytesMut::with_capacity(CHUNK);
    while let Some((number, frame)) = waiting.recv().await {
        frame.write(number, &mut buffer);
        while buffer.len() < CHUNK
            && let Ok((number, frame)) = waiting.try_recv()
        {
            frame.write(number, &mut buffer);
        }
        if to.write_all(&buffer).await.is_err() {
            return;
        }
        buffer.clear();
    }
}
