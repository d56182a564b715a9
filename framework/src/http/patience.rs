//! A body that comes too slowly is given up.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::rt::time::{Instant, Sleep, sleep};
use bytes::Bytes;
use futures_util::Stream;

use crate::Error;
use crate::config::HttpConfig;

/// How long a body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    idle: Duration,
    total: Duration,
}

/// Whether a request's body came too slowly.
#[derive(Debug, Clone, Default)]
pub(super) struct Late(Rc<Cell<bool>>);

impl Patience {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self { idle: config.body_idle_timeout.get(), total: config.body_timeout.get() }
    }

    /// Watches over the request's body, if it has one.
    pub(super) fn watch(self, req: &mut ServiceRequest) -> Option<Late> {
        if matches!(req.parts_mut().1, Payload::None) {
            return None;
        }
        let headers = req.headers();
        let has_body = headers.contains_key(header::TRANSFER_ENCODING)
            || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        // What follows an upgrade is no body.
        if !has_body || headers.contains_key(header::UPGRADE) {
            return None;
        }
        let late = Late::default();
        let body = Watched {
            body: req.take_payload(),
            idle: self.idle,
            silence: Box::pin(sleep(self.idle)),
            end: Box::pin(sleep(self.total)),
            late: late.clone(),
        };
        req.set_payload(Payload::Stream { payload: Box::pin(body) });
        Some(late)
    }
}

impl Late {
    /// The error to answer with, when it is so.
    pub(super) fn error(&self) -> Option<Error> {
        self.0.get().then(|| {
            Error::new(
                StatusCode::REQUEST_TIMEOUT,
                "E_BODY_TIMEOUT",
                "the body came too slowly: send it again, or raise body_idle_timeout and body_timeout in config/http.toml",
            )
        })
    }
}

struct Watched {
    body: Payload,
    idle: Duration,
    silence: Pin<Box<Sleep>>,
    end: Pin<Box<Sleep>>,
    late: Late,
}

impl Stream for Watched {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(piece) = Pin::new(&mut self.body).poll_next(context) {
            let next = Instant::now() + self.idle;
            self.silence.as_mut().reset(next);
            return Poll::Ready(piece);
        }
        if self.silence.as_mut().poll(context).is_pending() && self.end.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.late.0.set(true);
        Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}

#[cfg(test)]
mod tests;
