//! A body compressed on its way.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use super::coding::Encoder;

/// A body of which only a piece at a time is in memory.
pub(super) struct Encoded {
    body: BoxBody,
    /// Gone at the end.
    encoder: Option<Encoder>,
    /// Whether each piece goes out at once: a handler that streams wants it seen.
    flushes: bool,
}

impl Encoded {
    pub(super) fn new(body: BoxBody, encoder: Encoder, flushes: bool) -> Self {
        Self { body, encoder: Some(encoder), flushes }
    }
}

impl MessageBody for Encoded {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let this = self.get_mut();
        while let Some(encoder) = &mut this.encoder {
            let Some(piece) = ready!(Pin::new(&mut this.body).poll_next(cx)) else {
                let rest = this.encoder.take().map(Encoder::finish);
                return Poll::Ready(rest.map(|rest| rest.map_err(Into::into)));
            };
            let out = piece.and_then(|piece| {
                encoder.write(&piece)?;
                if this.flushes {
                    encoder.flush()?;
                }
                Ok(encoder.take())
            });
            match out {
                Ok(out) if out.is_empty() => {}
                out => return Poll::Ready(Some(out)),
            }
        }
        Poll::Ready(None)
    }
}
