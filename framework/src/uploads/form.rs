//! Reads a form piece by piece.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use super::upload::Writing;
use super::{Limits, Uploads};
use crate::{Error, Result};

/// What the body stream ends with when it has given as much as is allowed.
const TOO_MUCH: &str = "more than max_request_bytes";

/// The whole form, or nothing of it: what was written so far is removed with the error.
pub(super) async fn read(headers: &HeaderMap, payload: Payload, limits: &Limits) -> Result<Uploads> {
    let body =
        Body { payload: Rc::new(RefCell::new(payload)), left: Rc::new(Cell::new(limits.max_request_bytes)) };
    let mut clock = Clock { limits, ends: Instant::now() + limits.timeout.get() };
    let refused = match parts(Multipart::new(headers, body.clone()), &mut clock).await {
        Ok(uploads) => return Ok(uploads),
        Err(refused) => refused,
    };
    // Many clients hear of a refusal only after they have sent everything.
    let mut rest = body;
    while let Ok(Some(Ok(_))) = clock.wait(rest.next()).await {}
    Err(refused)
}

async fn parts(mut form: Multipart, clock: &mut Clock<'_>) -> Result<Uploads> {
    let limits = clock.limits;
    let mut uploads = Uploads::default();
    while let Some(part) = clock.wait(form.next()).await? {
        let part = part.map_err(refusal)?;
        let name = part.name().unwrap_or_default().to_owned();
        let client_name = part.content_disposition().and_then(|told| told.get_filename()).map(str::to_owned);
        match client_name {
            Some(client_name) => {
                if uploads.files.len() == limits.max_files {
                    return Err(too_large(format!("more than {} files (max_files)", limits.max_files)));
                }
                let file = file(part, name, &client_name, clock).await?;
                // What a browser sends for a file input that was left empty.
                if !(client_name.is_empty() && file.bytes() == 0) {
                    uploads.files.push(file);
                }
            }
            None => {
                if uploads.fields.len() == limits.max_fields {
                    return Err(too_large(format!("more than {} fields (max_fields)", limits.max_fields)));
                }
                let text = field(part, clock).await?;
                uploads.fields.push((name, text));
            }
        }
    }
    Ok(uploads)
}

async fn file(
    mut part: Field,
    name: String,
    client_name: &str,
    clock: &mut Clock<'_>,
) -> Result<super::Upload> {
    let kind = part.content_type().map(ToString::to_string);
    let most = clock.limits.max_file_bytes;
    let mut writing = Writing::start(clock.limits.folder(), name, Some(client_name), kind).await?;
    while let Some(piece) = clock.wait(part.next()).await? {
        let piece = piece.map_err(refusal)?;
        if writing.bytes() + piece.len() as u64 > most {
            return Err(too_large(format!("a file of more than {most} bytes (max_file_bytes)")));
        }
        writing.write(&piece).await?;
    }
    writing.finish().await
}

async fn field(mut part: Field, clock: &mut Clock<'_>) -> Result<String> {
    let most = clock.limits.max_field_bytes;
    let mut text = Vec::new();
    while let Some(piece) = clock.wait(part.next()).await? {
        let piece = piece.map_err(refusal)?;
        if text.len() + piece.len() > most {
            return Err(too_large(format!("a field of more than {most} bytes (max_field_bytes)")));
        }
        text.extend_from_slice(&piece);
    }
    String::from_utf8(text)
        .map_err(|_| Error::bad_request("a field of the form is no text: send it as UTF-8"))
}

/// The body, which ends with an error when there is more than allowed. Clones read on where the others have stopped.
#[derive(Clone)]
struct Body {
    payload: Rc<RefCell<Payload>>,
    /// How many bytes may come yet.
    left: Rc<Cell<u64>>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut payload = self.payload.borrow_mut();
        let piece = ready!(Pin::new(&mut *payload).poll_next(context));
        Poll::Ready(piece.map(|piece| {
            let piece = piece?;
            let left = self.left.get().checked_sub(piece.len() as u64);
            self.left.set(left.unwrap_or(0));
            left.map(|_| piece).ok_or_else(|| PayloadError::Io(std::io::Error::other(TOO_MUCH)))
        }))
    }
}

/// How long a client may take.
struct Clock<'a> {
    limits: &'a Limits,
    ends: Instant,
}

impl Clock<'_> {
    async fn wait<T>(&mut self, next: impl Future<Output = T>) -> Result<T> {
        let until = self.ends.min(Instant::now() + self.limits.idle_timeout.get());
        timeout_at(until, next).await.map_err(|_| {
            let message =
                "the form comes too slowly: send it faster, or raise timeout in config/uploads.toml";
            Error::new(StatusCode::REQUEST_TIMEOUT, "E_TIMEOUT", message)
        })
    }
}

fn refusal(error: MultipartError) -> Error {
    match error {
        MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse
        | MultipartError::ContentTypeIncompatible => Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "E_CONTENT_TYPE",
            "this is no form with files: send multipart/form-data",
        ),
        MultipartError::Payload(PayloadError::Io(cause)) if cause.to_string() == TOO_MUCH => {
            too_large(format!("{TOO_MUCH} allows"))
        }
        MultipartError::Payload(PayloadError::Overflow) => {
            too_large("a part with headers that don't end".to_owned())
        }
        error => Error::bad_request(format!("the form can't be read ({error}): send it whole")),
    }
}

fn too_large(what: String) -> Error {
    Error::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "E_UPLOAD_TOO_LARGE",
        format!("the form has {what}: send less, or raise the limit in config/uploads.toml"),
    )
}
