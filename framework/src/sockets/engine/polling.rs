//! Long polling: what clients send and get in the bodies of ordinary requests.
//! See <https://socket.io/docs/v4/engine-io-protocol/#http-long-polling>.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::sync::oneshot;

use super::handover::Desk;
use super::refusal::Refusal;
use super::wire::{Batch, Wire};
use crate::protocol::payload::jsonp;

const BYTES: &str = "application/octet-stream";

/// How a request of a polling client was made.
pub(super) struct Asked<'a> {
    pub(super) wire: Wire,
    /// The number of the function that a page without other means calls.
    pub(super) jsonp: Option<&'a str>,
}

/// Answers a client that waits.
pub(super) async fn poll(desk: &Desk, id: &str, asked: &Asked<'_>) -> Result<HttpResponse, Refusal> {
    let batch = desk.poll(id, asked.wire).await?;
    Ok(respond(batch, asked))
}

/// The answer that brings `batch`.
pub(super) fn respond(batch: Batch, asked: &Asked<'_>) -> HttpResponse {
    let Batch { body, is_binary, delivered } = batch;
    let (body, kind) = match asked.jsonp {
        Some(number) => (jsonp::encode(number, &body), "text/javascript; charset=UTF-8"),
        None if is_binary => (body, BYTES),
        None => (body, "text/plain; charset=UTF-8"),
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(Delivery { body, step: Step::Body, delivered: Some(delivered) })
}

/// Takes what a client sends.
pub(super) async fn post(
    desk: &Desk,
    id: &str,
    asked: &Asked<'_>,
    req: &HttpRequest,
    body: web::Payload,
    limit: usize,
) -> Result<HttpResponse, Refusal> {
    let Some(mut body) = read(body, limit).await? else {
        desk.overflow(id).await?;
        return Err(Refusal::TooLarge);
    };
    if asked.jsonp.is_some() {
        body = jsonp::decode(&body).map_err(|_| Refusal::Request)?;
    }
    let kind = req.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    desk.post(id, body, kind.is_some_and(|kind| kind.starts_with(BYTES))).await?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body("ok"))
}

/// The whole body; nothing when it is larger than it may be.
async fn read(mut body: web::Payload, limit: usize) -> Result<Option<Bytes>, Refusal> {
    let mut all = BytesMut::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| Refusal::Request)?;
        if all.len() + part.len() > limit {
            return Ok(None);
        }
        all.extend_from_slice(&part);
    }
    Ok(Some(all.freeze()))
}

/// The body of an answer, which tells when it was written.
struct Delivery {
    body: Bytes,
    step: Step,
    delivered: Option<oneshot::Sender<()>>,
}

/// What an answer's body does next.
enum Step {
    Body,
    /// Its bytes are with the connection, which writes them before it asks again.
    Written,
    End,
}

impl MessageBody for Delivery {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.body.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        match self.step {
            Step::Body => {
                self.step = Step::Written;
                Poll::Ready(Some(Ok(self.body.clone())))
            }
            Step::Written => {
                self.step = Step::End;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Step::End => {
                if let Some(delivered) = self.delivered.take() {
                    // The connection may have ended meanwhile.
                    let _ = delivered.send(());
                }
                Poll::Ready(None)
            }
        }
    }
}
